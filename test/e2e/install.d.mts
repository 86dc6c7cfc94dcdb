/** Types of install.mjs for the tests. */
type Programs = Readonly<Record<string, { readonly name: string; readonly version: string }>>;
export const programs: Programs;
export const clientPrograms: Programs;
export const bigPrograms: Programs;
export function install(ids?: readonly string[]): void;
