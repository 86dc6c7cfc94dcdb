/** Proxies and certificates, with the probe in a process of its own: the same table for every Node that is supported. */
import { execFileSync } from "node:child_process";
import type { Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { behave, http, listen, type Running } from "../servers/fault-kit.ts";
import { PROXY_FAULTS, type ProxySettings, type RunningProxy, startProxy } from "../servers/proxy.ts";
import { makeTlsFaults } from "../servers/tls-faults.ts";
import { nodeBinary } from "../support/claude.ts";
import { buildProbeChild, type ProbeAnswer, type ProbeChild } from "../support/probe-child.ts";

const TOKEN = "Made-Up-Token-0123456789abcdefXYZ";
const USER = "made-up-user";
const PASSWORD = "p@ss:w/rd-secret";
const LOGIN = `${USER}:${encodeURIComponent(PASSWORD)}`;
const HEAD = /^CONNECT ([\w.]+:\d+) HTTP\/1\.1\r\nHost: \1\r\n(Proxy-Authorization: Basic \S+\r\n)?\r\n$/;
const onLinux = process.platform === "linux";

const base64 = (text: string): string => Buffer.from(text).toString("base64").replace(/=+$/, "");
/** The password in any form; the user's name may be said. */
const SECRETS = [
  ...[PASSWORD, encodeURIComponent(PASSWORD), TOKEN],
  ...[`${USER}:${PASSWORD}`, PASSWORD, TOKEN].map(base64),
];

const stageOf = (answer: ProbeAnswer, stage: string) =>
  answer.diagnosis?.stages.find((each) => each.stage === stage) ?? {};
const detailAt = (answer: ProbeAnswer, stage: string): string => Reflect.get(stageOf(answer, stage), "detail") ?? "";
const tryAt = (answer: ProbeAnswer, stage: string): string => Reflect.get(stageOf(answer, stage), "tryThis") ?? "";

const made = makeTlsFaults();
const ca = { NODE_EXTRA_CA_CERTS: made.ca };
const open: { close: () => Promise<void> }[] = [];
let probe: ProbeChild;
let secure: Running;
let plain: Running;

const kept = async <T extends { close: () => Promise<void> }>(starting: Promise<T> | undefined): Promise<T> => {
  if (starting === undefined) throw new Error("no such fault");
  const started = await starting;
  open.push(started);
  return started;
};
const faultOf = (cause: string): Promise<Running> => kept(made.faults.find((fault) => fault.cause === cause)?.start());
const proxyOf = (settings: ProxySettings = {}): Promise<RunningProxy> => kept(startProxy(settings));
const withLogin = (more: ProxySettings = {}): Promise<RunningProxy> =>
  proxyOf({ ...more, login: `${USER}:${PASSWORD}` });

beforeAll(async () => {
  probe = await buildProbeChild();
  secure = await kept(made.faults[0]?.start());
  plain = await kept(http("healthy", null, behave).start(""));
});
afterAll(async () => {
  await Promise.all(open.map((each) => each.close()));
});

describe.each([process.execPath, ...([22, 24, 26] as const).map(nodeBinary)])("%s", (node) => {
  const version = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
  const [major = 0, minor = 0] = version.slice(1).split(".").map(Number);
  const readsSystem = major > 22 || (major === 22 && minor >= 15);
  const readsProxy = major >= 24 || (major === 22 && minor >= 21);

  /** Registers a test only for a Node that has what it is about. */
  const where = (has: boolean) => (has ? it : () => undefined);

  /** Runs the probe, and looks for every secret in all that anybody wrote down. */
  const run = async (
    url: string,
    env: Record<string, string>,
    proxy?: RunningProxy,
    timeoutMs?: number,
  ): Promise<ProbeAnswer> => {
    const answer = await probe.run({ url, token: TOKEN, env, node, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
    const told = answer.text + (proxy?.heads.join("") ?? "").replace(/^Proxy-Authorization: .*$/gim, "");
    expect(SECRETS.filter((secret) => told.toLowerCase().includes(secret.toLowerCase()))).toEqual([]);
    expect(answer.left).toEqual([]);
    for (const head of proxy?.heads ?? []) expect(head).toMatch(HEAD);
    if (proxy !== undefined) await expect.poll(proxy.open).toBe(0);
    return answer;
  };

  describe("a proxy", () => {
    it.each([
      ["https:", "HTTPS_PROXY", undefined],
      ["https:", "https_proxy", LOGIN],
      ["https:", "http_proxy", LOGIN],
      ["http:", "HTTP_PROXY", LOGIN],
    ])("carries %s by %s", async (scheme, variable, login) => {
      const proxy = await (login === undefined ? proxyOf() : withLogin());
      const target = scheme === "https:" ? secure : plain;
      const answer = await run(target.url, { ...ca, [variable]: proxy.url(login) }, proxy);
      expect(answer.diagnosis, answer.text).toMatchObject({ ok: true, cause: null, control: "refused" });
      expect(proxy.heads.length).toBeGreaterThan(0);
      const [host, port] = proxy.host.split(":");
      expect(answer.record?.proxy).toEqual({
        host,
        port: Number(port),
        variable,
        credentials: login !== undefined,
        bypassedBy: null,
        tunnel: true,
        status: 200,
        said: "Connection established",
        schemes: [],
        systemCas: false,
      });
      expect(detailAt(answer, "tcp")).toBe(`through the proxy ${proxy.host} (${variable})`);
      expect(detailAt(answer, "dns")).toBe("of the proxy: 127.0.0.1");
      expect(answer.record?.timings).toMatchObject({ dns: expect.any(Number), tcp: expect.any(Number) });
      // in the tunnel of an https: URL there is nothing to read
      if (scheme === "https:") expect(proxy.inside()).not.toContain(TOKEN);
    });

    it("is spoken to over TLS", async () => {
      const proxy = await withLogin({ tls: made.good });
      const answer = await run(secure.url, { ...ca, HTTPS_PROXY: proxy.url(LOGIN) }, proxy);
      expect(answer.diagnosis, answer.text).toMatchObject({ ok: true, control: "refused" });
      expect(answer.record?.proxy).toMatchObject({ tunnel: true });
      expect(answer.record?.tls).toMatchObject({ subject: "good", error: null });
    });

    it("must show a certificate that is trusted, before it is told anything", async () => {
      const proxy = await proxyOf({ tls: made.selfSigned });
      const answer = await run(secure.url, { ...ca, HTTPS_PROXY: proxy.url(LOGIN) }, proxy);
      expect(answer.diagnosis).toMatchObject({ ok: false, cause: "proxy-failed", at: "tcp" });
      expect(detailAt(answer, "tcp")).toContain("certificate that is not accepted (DEPTH_ZERO_SELF_SIGNED_CERT)");
      expect(proxy.heads).toEqual([]);
    });

    it("does not accept the credentials", async () => {
      const proxy = await proxyOf({ login: "somebody:else" });
      const answer = await run(secure.url, { ...ca, HTTPS_PROXY: proxy.url(LOGIN) }, proxy);
      expect(answer.diagnosis).toMatchObject({ ok: false, cause: "proxy-auth", at: "tcp" });
      expect(detailAt(answer, "tcp")).toContain("does not accept the user name and password of HTTPS_PROXY");
      const seen = { credentials: true, status: 407, tunnel: false, schemes: ["Basic"] };
      expect(answer.record?.proxy).toMatchObject(seen);
    });

    it("repeats the credentials in its words", async () => {
      const words = `${LOGIN} ${btoa(`${USER}:${PASSWORD}`)} ${PASSWORD}`;
      const proxy = await proxyOf({ answer: (socket) => socket.end(`HTTP/1.1 403 ${words}\r\n\r\n`) });
      const answer = await run(secure.url, { HTTPS_PROXY: proxy.url(LOGIN) }, proxy);
      expect(answer.record?.proxy?.said).toContain("••••");
    });

    it.each(PROXY_FAULTS)("$name → $cause", async ({ cause, says, start }) => {
      const proxy = await kept(start());
      const silent = says === "did not open a tunnel within";
      const answer = await run(secure.url, { ...ca, HTTPS_PROXY: proxy.url() }, proxy, silent ? 2000 : undefined);
      expect(answer.diagnosis, answer.text).toMatchObject({ ok: false, cause, at: "tcp", control: "skipped" });
      expect(detailAt(answer, "tcp")).toContain(says);
      expect(detailAt(answer, "tcp")).toContain(`${proxy.host} (HTTPS_PROXY)`);
      expect(tryAt(answer, "tcp")).toMatch(cause === "proxy-auth" ? /HTTPS_PROXY|helper/ : /HTTPS_PROXY/);
      expect(answer.record?.tls).toBeNull();
    });

    it.each(["socks5://127.0.0.1:1080", `http://${USER}:${PASSWORD}@127.0.0.1:3128`])(
      "of which nothing can be made is named by its variable: %s",
      async (value) => {
        const answer = await run(secure.url, { ...ca, HTTPS_PROXY: value });
        expect(answer.diagnosis).toMatchObject({ ok: false, cause: "proxy-failed", at: "tcp" });
        expect(detailAt(answer, "tcp")).toContain("HTTPS_PROXY does not contain a usable proxy address");
        expect(answer.record?.exchanges).toEqual([]);
      },
    );

    it("looks the name up itself", async () => {
      const proxy = await proxyOf({ to: Number(new URL(secure.url).port) });
      const answer = await run("https://known.to.the.proxy.invalid/", { ...ca, HTTPS_PROXY: proxy.url() }, proxy);
      expect(answer.diagnosis).toMatchObject({ cause: "tls-wrong-host", at: "tls" });
      expect(proxy.heads[0]).toContain("CONNECT known.to.the.proxy.invalid:443 ");
      expect(answer.record?.addresses.map(({ address }) => address)).toEqual(["127.0.0.1"]);
    });

    it("is not to blame for what lies behind its tunnel", async () => {
      const proxy = await proxyOf();
      const bad = await faultOf("tls-untrusted");
      const answer = await run(bad.url, { HTTPS_PROXY: proxy.url() }, proxy);
      expect(answer.diagnosis).toMatchObject({ cause: "tls-untrusted", at: "tls" });
      expect(detailAt(answer, "tcp")).toContain("through the proxy");
    });

    it.each<[string, string, (socket: Socket) => void]>([
      ["tls-handshake", "ended the TLS handshake", (socket) => void socket.end()],
      ["not-tls", "answered unencrypted", (socket) => void socket.end("220 hello\r\n")],
    ])("is named where who ended it cannot be told: %s", async (cause, says, end) => {
      const answerWith = (socket: Socket): void => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        // once the client has spoken TLS into it: before, it would be a page of the proxy
        socket.once("data", () => end(socket));
      };
      const proxy = await proxyOf({ answer: answerWith });
      const answer = await run(secure.url, { ...ca, HTTPS_PROXY: proxy.url() }, proxy);
      expect(answer.diagnosis, answer.text).toMatchObject({ cause, at: "tls" });
      expect(detailAt(answer, "tls")).toContain(says);
      expect(detailAt(answer, "tls")).toContain(`through the proxy ${proxy.host} (HTTPS_PROXY)`);
    });

    it.each([
      ["NO_PROXY", "127.0.0.1"],
      ["no_proxy", "example.com 127.0.0.1:PORT"],
    ])("is not used for what %s=%s excepts", async (variable, value) => {
      const proxy = await proxyOf();
      const text = value.replace("PORT", new URL(secure.url).port);
      const answer = await run(secure.url, { ...ca, HTTPS_PROXY: proxy.url(), [variable]: text }, proxy);
      expect(answer.diagnosis).toMatchObject({ ok: true, control: "refused" });
      expect(proxy.heads).toEqual([]);
      expect(answer.record?.proxy).toMatchObject({ bypassedBy: variable, tunnel: false });
      expect(detailAt(answer, "tcp")).toBe(
        `127.0.0.1 (IPv4), directly: ${variable} excludes this host from HTTPS_PROXY`,
      );
    });

    // NODE_USE_ENV_PROXY: Node 24.0 and 22.21 and later
    where(readsProxy)("of Node's own changes nothing, and dead is the proxy's failure", async () => {
      const proxy = await withLogin();
      const env = { ...ca, NODE_USE_ENV_PROXY: "1", HTTPS_PROXY: proxy.url(LOGIN) };
      const answer = await run(secure.url, env, proxy);
      expect(answer.diagnosis, answer.text).toMatchObject({ ok: true, control: "refused" });
      expect(answer.record?.timings).toMatchObject({ tls: expect.any(Number) });
      await proxy.close();
      expect((await run(secure.url, env)).diagnosis).toMatchObject({ ok: false, cause: "proxy-failed", at: "tcp" });
    });
  });

  it("a name of v6 and v4: what became of each is said", async () => {
    // of names nothing else is at hand on every computer: the look-up is replaced in the child
    const code =
      "import dns from 'node:dns/promises';import{syncBuiltinESMExports}from'node:module';" +
      "dns.lookup=async()=>[{address:'::1',family:6},{address:'127.0.0.1',family:4}];syncBuiltinESMExports()";
    const options = `--import=data:text/javascript,${encodeURIComponent(code)}`;
    const answer = await run(secure.url.replace("127.0.0.1", "localhost"), { ...ca, NODE_OPTIONS: options });
    expect(answer.diagnosis, answer.text).toMatchObject({ ok: true });
    expect(answer.record?.addresses).toEqual([
      { address: "::1", family: 6, code: expect.stringMatching(/^E/) },
      { address: "127.0.0.1", family: 4, code: null },
    ]);
    expect(detailAt(answer, "dns")).toBe("::1, 127.0.0.1");
    expect(detailAt(answer, "tcp")).toMatch(/^::1 \(IPv6\) failed: E\w+, 127\.0\.0\.1 \(IPv4\)$/);
  });

  describe("a certificate", () => {
    it("that is not trusted: not a byte is sent", async () => {
      let bytes = 0;
      const server = createTlsServer(made.selfSigned, (socket) => {
        socket.on("error", () => undefined);
        socket.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
        });
      }).on("tlsClientError", () => undefined);
      const { url } = await kept(listen(server, "https"));
      const answer = await run(url, ca);
      expect(answer.diagnosis).toMatchObject({ cause: "tls-untrusted", at: "tls" });
      await new Promise((wake) => setTimeout(wake, 50));
      expect(bytes).toBe(0);
      // the counter counts: with verification off it hears the request
      await run(url, { ...ca, NODE_TLS_REJECT_UNAUTHORIZED: "0" }, undefined, 1500);
      expect(bytes).toBeGreaterThan(100);
    });

    it("not verified under NODE_TLS_REJECT_UNAUTHORIZED=0: recorded, and warned about", async () => {
      const answer = await run((await faultOf("tls-untrusted")).url, { NODE_TLS_REJECT_UNAUTHORIZED: "0" });
      expect(answer.diagnosis).toMatchObject({ ok: true });
      expect(answer.record).toMatchObject({
        verification: "off",
        tls: { error: "DEPTH_ZERO_SELF_SIGNED_CERT", systemCas: null },
      });
      expect(detailAt(answer, "tls")).toContain("not verified: DEPTH_ZERO_SELF_SIGNED_CERT");
      expect(tryAt(answer, "tls")).toContain("Unset it");
    });

    it("of a CA that NODE_EXTRA_CA_CERTS names", async () => {
      const answer = await run(secure.url, ca);
      expect(answer.diagnosis?.ok).toBe(true);
      expect(answer.record).toMatchObject({
        verification: "on",
        addresses: [{ address: "127.0.0.1", family: 4, code: null }],
        tls: { error: null, systemCas: null, root: "test ca" },
      });
      expect(tryAt(answer, "tls")).toBe("");
    });

    it("of a CA that nobody knows", async () => {
      const answer = await run(secure.url, { SSL_CERT_FILE: "/dev/null", SSL_CERT_DIR: "/dev/null" });
      expect(answer.diagnosis).toMatchObject({ cause: "tls-untrusted", at: "tls" });
      expect(answer.record?.tls?.systemCas).toBe(readsSystem ? "did-not-help" : "unavailable");
      expect(detailAt(answer, "tls")).toContain('The certificate is for "good", issued by "test ca"');
      if (readsSystem) expect(detailAt(answer, "tls")).toContain(", or by one that the system trusts");
    });

    // where the system's list is can only be said on Linux
    where(onLinux && readsSystem)("of a CA that only the system knows, of a proxy too", async () => {
      const proxy = await withLogin({ tls: made.good });
      for (const through of [{}, { HTTPS_PROXY: proxy.url(LOGIN) }]) {
        const answer = await run(secure.url, { SSL_CERT_FILE: made.ca, ...through }, proxy);
        expect(answer.diagnosis, answer.text).toMatchObject({ ok: true, control: "refused" });
        expect(answer.record?.tls).toMatchObject({ systemCas: "helped", error: null });
        expect(detailAt(answer, "tls")).toContain("trusted only through the system's certificates");
        expect(tryAt(answer, "tls")).toContain("NODE_EXTRA_CA_CERTS");
        expect(tryAt(answer, "tls")).toContain("--use-system-ca");
        if (!("HTTPS_PROXY" in through)) continue;
        expect(answer.record?.proxy?.systemCas).toBe(true);
        expect(detailAt(answer, "tcp")).toContain("trusted only through the system's certificates");
      }
    });

    where(onLinux && !readsSystem)("of a CA that only the system knows, where Node cannot read that", async () => {
      const proxy = await proxyOf({ tls: made.good });
      const answer = await run(secure.url, { SSL_CERT_FILE: made.ca, HTTPS_PROXY: proxy.url(LOGIN) }, proxy);
      expect(answer.diagnosis).toMatchObject({ ok: false, cause: "proxy-failed", at: "tcp" });
      expect(proxy.heads).toEqual([]);
      const direct = await run(secure.url, { SSL_CERT_FILE: made.ca });
      expect(direct.diagnosis).toMatchObject({ cause: "tls-untrusted" });
      expect(direct.record?.tls?.systemCas).toBe("unavailable");
    });
  });
});

it("every process ends by itself once it is asked nothing more", async () => {
  const codes = await probe.end();
  expect(new Set(codes)).toEqual(new Set([0]));
});
