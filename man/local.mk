dist_man_MANS += %D%/vmpath.8 %D%/vmpath-json.5 %D%/vmpath-findings.7

# The page of all codes is made from the catalogue and kept in the sources; tests/lint/findings.sh holds one against the other.
check_PROGRAMS += %D%/findings
man_findings_SOURCES = %D%/findings.c
man_findings_CFLAGS = $(AM_CFLAGS)
man_findings_LDADD = libvmp_finding.a libvmp_model.a libvmp_base.a

.PHONY: findings-page
findings-page: man/findings$(EXEEXT)
	man/findings$(EXEEXT) >$(srcdir)/man/vmpath-findings.7.new
	mv $(srcdir)/man/vmpath-findings.7.new $(srcdir)/man/vmpath-findings.7
