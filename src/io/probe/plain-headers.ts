/**
 * What the MCP client's transport needs of `Headers` (@modelcontextprotocol/client 2.4). The build puts it in place of Node's own,
 * which brings all of `fetch` with it: as long as `node -e 0` takes (Node 20.20). It judges no value: `probe-input.ts` has, and
 * Node's HTTP client does.
 */
type Init = Iterable<readonly [string, string]> | Readonly<Record<string, string>>;

export class Headers {
  readonly #values = new Map<string, string>();

  /** In: pairs, another of its kind, or an object by name. */
  constructor(init: Init = {}) {
    for (const [name, value] of Symbol.iterator in init ? init : Object.entries(init)) this.append(name, value);
  }
  get(name: string): string | null {
    return this.#values.get(name.toLowerCase()) ?? null;
  }
  has(name: string): boolean {
    return this.#values.has(name.toLowerCase());
  }
  set(name: string, value: string): void {
    this.#values.set(name.toLowerCase(), String(value));
  }
  append(name: string, value: string): void {
    const known = this.get(name);
    this.set(name, known === null ? value : `${known}, ${value}`);
  }
  delete(name: string): void {
    this.#values.delete(name.toLowerCase());
  }
  entries(): IterableIterator<[string, string]> {
    return this.#values.entries();
  }
  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries();
  }
}
