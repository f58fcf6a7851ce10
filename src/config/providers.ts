/** What can run a builder VM. */
export const PROVIDERS = ['qemu', 'libvirt', 'vagrant'] as const;
export type ProviderName = (typeof PROVIDERS)[number];

/** What a person may ask for: one of them, or the first that works here. */
export const PROVIDER_CHOICES = [...PROVIDERS, 'auto'] as const;
export type ProviderChoice = (typeof PROVIDER_CHOICES)[number];

/**
 * Connections that `vm.libvirt` may name: libvirt's URIs of a QEMU driver, here or over SSH. Of libvirt's parameters of
 * a connection only the key: `command`, `netcat`, `proxy` and their like name programs, or sockets, of this host, and
 * a checkout must not start any.
 */
export const LIBVIRT_URI =
  /^qemu(?:\+ssh:\/\/(?:[A-Za-z0-9_][A-Za-z0-9._-]*@)?[A-Za-z0-9][A-Za-z0-9._-]*(?::\d+)?\/system(?:\?keyfile=[^\s#&;?]+)?|:\/\/\/(?:session|system))$/;
