# SPDX-License-Identifier: Apache-2.0
# Manual pages, in scdoc(5).  sbx.1 is written by hand; the keys of sbx.ini.5 come from the key table.
man_MANS += doc/sbx.1 doc/sbx.ini.5
EXTRA_DIST += doc/sbx.1.scd doc/sbx.ini.5.scd.in doc/design.md
CLEANFILES += doc/sbx.1 doc/sbx.ini.5

doc/sbx.1: doc/sbx.1.scd
	$(AM_V_GEN)$(MKDIR_P) doc && $(SCDOC) <$< >$@.tmp && mv $@.tmp $@

noinst_PROGRAMS += gen-keys
gen_keys_SOURCES = src/profile/gen_keys.c
gen_keys_LDADD = libprofile.a libsys.a libutil.a $(INIH_LIBS) $(JANSSON_LIBS)
doc/sbx.ini.5: doc/sbx.ini.5.scd.in gen-keys$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) doc && { cat $(srcdir)/doc/sbx.ini.5.scd.in && ./gen-keys$(EXEEXT); } >$@.scd && \
		$(SCDOC) <$@.scd >$@.tmp && rm $@.scd && mv $@.tmp $@
