/** Which proxy the environment names: the table of undici's EnvHttpProxyAgent (Node 26.10), by hand. */
import { describe, expect, it } from "vitest";
import { networkOf, proxySecrets } from "../../src/core/proxy.ts";

type Env = Record<string, string>;

const HALO = new URL("https://api.cm.com/halo/core/mcp");
const route = (env: Env, url: URL | string = HALO) => networkOf(env, new URL(url)).proxy;
const P = "http://proxy.example:3128";

describe("the variable", () => {
  it.each<[string, Env, string, string | null]>([
    ["none", {}, "https://a.example", null],
    ["HTTPS_PROXY", { HTTPS_PROXY: P }, "https://a.example", "HTTPS_PROXY"],
    ["lower case first", { HTTPS_PROXY: P, https_proxy: P }, "https://a.example", "https_proxy"],
    ["https: by the proxy of http:", { HTTP_PROXY: P }, "https://a.example", "HTTP_PROXY"],
    ["the same in lower case", { HTTP_PROXY: P, http_proxy: P }, "https://a.example", "http_proxy"],
    ["http: never by the proxy of https:", { HTTPS_PROXY: P }, "http://a.example", null],
    ["http:", { http_proxy: P, HTTPS_PROXY: P }, "http://a.example", "http_proxy"],
    ["empty", { HTTPS_PROXY: "" }, "https://a.example", null],
    ["empty in lower case hides the other", { https_proxy: "", HTTPS_PROXY: P }, "https://a.example", null],
    ["and falls back", { https_proxy: "", HTTPS_PROXY: P, HTTP_PROXY: P }, "https://a.example", "HTTP_PROXY"],
    ["http: empty in lower case", { http_proxy: "", HTTP_PROXY: P }, "http://a.example", null],
  ])("%s", (_, env, url, variable) => expect(route(env, url)?.variable ?? null).toBe(variable));

  it.each<[string, Env, string, string | undefined]>([
    ["alone", { ALL_PROXY: P }, "https://a.example", "ALL_PROXY"],
    ["in lower case", { all_proxy: P, ALL_PROXY: P }, "https://a.example", "all_proxy"],
    ["empty", { ALL_PROXY: "" }, "https://a.example", undefined],
    ["beside another", { ALL_PROXY: P, HTTPS_PROXY: P }, "https://a.example", undefined],
    ["where NO_PROXY excepts the host", { ALL_PROXY: P, NO_PROXY: "a.example" }, "https://a.example", undefined],
    ["on loopback", { ALL_PROXY: P }, "http://127.0.0.1:8080", undefined],
  ])("ALL_PROXY is not read, and told of as ignored: %s", (_, env, url, variable) => {
    const found = networkOf(env, new URL(url));
    expect(found.ignored).toBe(variable);
    if (variable !== undefined) expect(found.proxy).toBeNull();
  });
});

describe("the address", () => {
  const plain = { variable: "HTTPS_PROXY", secure: false, credentials: null, bypassedBy: null };
  it.each<[string, object]>([
    [P, { ...plain, host: "proxy.example", port: 3128 }],
    ["HTTP://Proxy.Example", { ...plain, host: "proxy.example", port: 80 }],
    ["https://proxy.example/", { ...plain, host: "proxy.example", port: 443, secure: true }],
    [" http://10.0.0.1:8080 ", { ...plain, host: "10.0.0.1", port: 8080 }],
    ["http://[::1]:3128", { ...plain, host: "::1", port: 3128 }],
    ["http://u:p@h:1/x?y#z", { ...plain, host: "h", port: 1, credentials: { user: "u", password: "p" } }],
    ["http://u%40x:p%3A%2f%40@h", { ...plain, host: "h", port: 80, credentials: { user: "u@x", password: "p:/@" } }],
    ["http://u:p:q@x@h", { ...plain, host: "h", port: 80, credentials: { user: "u", password: "p:q@x" } }],
    // as undici: half a pair is not sent
    ["http://user@h", { ...plain, host: "h", port: 80 }],
    ["http://:p@h", { ...plain, host: "h", port: 80 }],
  ])("%s", (value, expected) => {
    expect(route({ HTTPS_PROXY: value })).toEqual(expected);
  });

  it.each([
    ...["proxy.example:3128", "proxy", "socks5://proxy:1080", "ftp://proxy", "http://", "http://:3128", "http://a b"],
    ...["http://proxy:99999", "http://proxy:0", "http://proxy:port", "http://user:pa/ss@proxy:3128", "http://u:%zz@h"],
  ])("is none: %s", (value) => {
    const found = networkOf({ HTTPS_PROXY: value }, HALO);
    expect(found).toEqual({ proxy: null, verify: true, broken: "HTTPS_PROXY" });
    expect(networkOf({ HTTPS_PROXY: value, NO_PROXY: "*" }, HALO)).toEqual({ proxy: null, verify: true });
  });
});

describe("NO_PROXY", () => {
  it.each<[string, string, boolean]>([
    ["*", "https://a.example", true],
    // only alone, as with undici
    ["*,b.example", "https://a.example", false],
    ["", "https://a.example", false],
    [" , ", "https://a.example", false],
    ["a.example", "https://a.example", true],
    ["A.Example", "https://a.EXAMPLE", true],
    ["a.example.", "https://a.example", true],
    ["a.example", "https://a.example.", true],
    ["a.example", "https://b.a.example", true],
    [".a.example", "https://b.a.example", true],
    [".a.example", "https://a.example", true],
    ["*.a.example", "https://b.a.example", true],
    ["a.example", "https://xa.example", false],
    ["example", "https://a.example", true],
    ["a.example:443", "https://a.example", true],
    ["a.example:443", "https://a.example:8443", false],
    ["a.example:8443", "https://a.example:8443", true],
    ["a.example:80", "http://a.example", true],
    ["x.example,a.example", "https://a.example", true],
    ["x.example a.example", "https://a.example", true],
    ["x.example,\ta.example\n", "https://a.example", true],
    ["x.example;a.example", "https://a.example", false],
    ["10.0.0.1", "https://10.0.0.1", true],
    ["10.0.0.0/8", "https://10.0.0.1", false],
    ["::1", "https://[::1]", true],
    ["[::1]", "https://[::1]:8443", true],
    ["[::1]:443", "https://[::1]", true],
    ["[::1]:443", "https://[::1]:8443", false],
  ])("%j and %s: %s", (value, url, directly) => {
    for (const variable of ["NO_PROXY", "no_proxy"]) {
      const found = route({ HTTPS_PROXY: P, HTTP_PROXY: P, [variable]: value }, url);
      expect(found).toMatchObject({ host: "proxy.example", bypassedBy: directly ? variable : null });
    }
  });
  it("in lower case wins, empty or not", () => {
    expect(route({ HTTPS_PROXY: P, no_proxy: "", NO_PROXY: "*" })).toMatchObject({ bypassedBy: null });
    expect(route({ HTTPS_PROXY: P, no_proxy: "*", NO_PROXY: "x" })).toMatchObject({ bypassedBy: "no_proxy" });
  });
  it("is not needed for plain http: on loopback, unless the proxy is there too", () => {
    for (const host of ["localhost", "127.0.0.1", "[::1]"]) {
      expect(route({ HTTP_PROXY: P }, `http://${host}:1/`)).toMatchObject({ bypassedBy: "loopback" });
      expect(route({ HTTP_PROXY: "http://127.0.0.1:1" }, `http://${host}/`)).toMatchObject({ bypassedBy: null });
      expect(route({ HTTP_PROXY: P }, `https://${host}/`)).toMatchObject({ bypassedBy: null });
    }
  });
});

describe("secrets", () => {
  it("are the password and the pair, as written and decoded", () => {
    const found = proxySecrets({ https_proxy: "http://user:p%40ss@h", HTTPS_PROXY: "http://a:b@h", PATH: "/x:y@z" });
    for (const secret of ["user:p%40ss", "user:p@ss", "p%40ss", "p@ss", "b", "a:b"]) expect(found).toContain(secret);
    expect(found).not.toContain("user");
    expect(found.join()).not.toContain("y@z");
  });
  it("are there too in what cannot be understood or is not read", () => {
    for (const env of [
      { HTTPS_PROXY: "http://user:pa/ss@proxy:3128" },
      { HTTPS_PROXY: "user:pa/ss@proxy" },
      { ALL_PROXY: "socks5://user:pa/ss@proxy" },
    ] as Env[])
      expect(proxySecrets(env)).toEqual(expect.arrayContaining(["user:pa/ss", "pa/ss"]));
    expect(proxySecrets({ HTTPS_PROXY: "http://u:word@h/x@y" })).toContain("word");
  });
});
