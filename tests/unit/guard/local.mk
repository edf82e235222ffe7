# One line per test program; see tests/unit/local.mk for what it is linked with.
