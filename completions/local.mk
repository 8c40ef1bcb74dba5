# SPDX-License-Identifier: Apache-2.0
# Completion scripts: sbx prints them from its own tables.
COMPLETIONS = completions/sbx.bash completions/sbx.zsh completions/sbx.fish
noinst_DATA += $(COMPLETIONS)
CLEANFILES += $(COMPLETIONS)

$(COMPLETIONS): sbx$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) completions && \
		ASAN_OPTIONS=detect_leaks=0 ./sbx$(EXEEXT) completion $(patsubst .%,%,$(suffix $@)) >$@.tmp && mv $@.tmp $@

install-data-local: install-completions
install-completions: $(COMPLETIONS)
	$(MKDIR_P) "$(DESTDIR)$(datadir)/bash-completion/completions" "$(DESTDIR)$(datadir)/zsh/site-functions" \
		"$(DESTDIR)$(datadir)/fish/vendor_completions.d"
	$(INSTALL_DATA) completions/sbx.bash "$(DESTDIR)$(datadir)/bash-completion/completions/sbx"
	$(INSTALL_DATA) completions/sbx.zsh "$(DESTDIR)$(datadir)/zsh/site-functions/_sbx"
	$(INSTALL_DATA) completions/sbx.fish "$(DESTDIR)$(datadir)/fish/vendor_completions.d/sbx.fish"
uninstall-local: uninstall-completions
uninstall-completions:
	rm -f "$(DESTDIR)$(datadir)/bash-completion/completions/sbx" "$(DESTDIR)$(datadir)/zsh/site-functions/_sbx" \
		"$(DESTDIR)$(datadir)/fish/vendor_completions.d/sbx.fish"
.PHONY: install-completions uninstall-completions
