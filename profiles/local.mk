# SPDX-License-Identifier: Apache-2.0
# The profiles, and the image of the hello profile.  Profile and image lie side by side, in the build tree and installed, so
# that oci:${PROFILE_DIR}/hello-image finds the image in both.
PROFILES = profiles/hello.ini
HELLO_FILES = profiles/make-hello-image profiles/hello-layer1/etc/group profiles/hello-layer1/etc/motd \
	profiles/hello-layer1/etc/old-note profiles/hello-layer1/etc/os-release profiles/hello-layer1/etc/passwd \
	profiles/hello-layer1/usr/bin/hello profiles/hello-layer2/etc/motd
EXTRA_DIST += $(PROFILES) $(HELLO_FILES)

# In a build outside the source tree the profile is copied beside the image.
all-local: profiles/hello-image/index.json
	@for f in $(PROFILES); do \
		test "$(srcdir)/$$f" -ef "$$f" || { rm -f "$$f" && cp "$(srcdir)/$$f" "$$f"; } || exit 1; done

profiles/hello-image/index.json: $(HELLO_FILES) $(BUSYBOX)
	$(AM_V_GEN)$(MKDIR_P) profiles && $(SHELL) $(srcdir)/profiles/make-hello-image $(BUSYBOX) profiles/hello-image

profilesdir = $(pkgdatadir)/profiles
dist_profiles_DATA = $(PROFILES)

install-data-local: profiles/hello-image/index.json
	$(MKDIR_P) "$(DESTDIR)$(profilesdir)/hello-image/blobs/sha256"
	for f in oci-layout index.json; do \
		$(INSTALL_DATA) "profiles/hello-image/$$f" "$(DESTDIR)$(profilesdir)/hello-image/$$f" || exit 1; done
	$(INSTALL_DATA) profiles/hello-image/blobs/sha256/* "$(DESTDIR)$(profilesdir)/hello-image/blobs/sha256/"
uninstall-local:
	rm -rf "$(DESTDIR)$(profilesdir)/hello-image"

clean-local: clean-profiles
clean-profiles:
	rm -rf profiles/hello-image profiles/hello-image.tmp
	@for f in $(PROFILES); do test "$(srcdir)/$$f" -ef "$$f" || rm -f "$$f"; done
.PHONY: clean-profiles
