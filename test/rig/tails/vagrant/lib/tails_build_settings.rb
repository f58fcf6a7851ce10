# Settings of the builder VM, for tests.

# MiB of memory that the VM needs for itself.
VM_MEMORY_BASE = 1.5 * 1024

# MiB more, for a build in RAM.
BUILD_SPACE_REQUIREMENT = 12 * 1024

ARCHITECTURE = 'amd64'.freeze
DISTRIBUTION = 'trixie'.freeze

def box_name
  short_id, date = `git log -1 --date=format:%Y%m%d --pretty="%h %ad" -- vagrant/`.split
  "tails-builder-#{ARCHITECTURE}-#{DISTRIBUTION}-#{date}-#{short_id}"
end
