/** The forms that a base box can be written in; apart, so that help can name them without loading more. */
export const BOX_FORMATS = ['vagrant', 'qcow2', 'raw'] as const;
export type BoxFormat = (typeof BOX_FORMATS)[number];
