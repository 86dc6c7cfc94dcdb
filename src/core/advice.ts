/** What a person does next: a command to type, word by word, or a sentence where no command helps. */
export type Advice = { readonly run: readonly [string, ...string[]] } | { readonly note: string };
