dist_man_MANS += %D%/vmpath.8 %D%/vmpath-json.5
