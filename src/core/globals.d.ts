/** The globals that `core` may use besides the language: pure, and the same in every runtime; nothing of Node. */
declare class URL {
  static canParse(text: string): boolean;
  constructor(text: string, base?: string);
  readonly protocol: string;
  readonly username: string;
  readonly password: string;
  readonly host: string;
  readonly hostname: string;
  readonly port: string;
  readonly pathname: string;
}
declare class TextEncoder {
  encode(text: string): Uint8Array;
}
declare function btoa(bytes: string): string;
declare function atob(text: string): string;
