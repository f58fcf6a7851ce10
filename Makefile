# Two commands do everything, their own set-up included.

.PHONY: example test setup

# Installs what is missing, makes the example project, builds it, and leaves a bootable ISO.
example: setup
	@sh scripts/example.sh

# Installs what is missing, runs linters, unit tests and integration tests. Installs libvirt and Vagrant too, whose
# packages bring services: for a throw-away machine.
test:
	@sh scripts/setup.sh test
	@npm run --silent test

setup:
	@sh scripts/setup.sh
