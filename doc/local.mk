# SPDX-License-Identifier: Apache-2.0
# Manual pages.  sbx.1 is written by hand, in scdoc(5).
man_MANS += doc/sbx.1
EXTRA_DIST += doc/sbx.1.scd doc/design.md
CLEANFILES += doc/sbx.1

doc/sbx.1: doc/sbx.1.scd
	$(AM_V_GEN)$(MKDIR_P) doc && $(SCDOC) <$< >$@.tmp && mv $@.tmp $@
