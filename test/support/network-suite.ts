/** Proxies and certificates, with the probe in a process of its own: the same table for every Node. */
import { execFileSync } from "node:child_process";
import type { Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { behave, http, listen, type Running } from "../servers/fault-kit.ts";
import { PROXY_FAULTS, type RunningProxy, startProxy } from "../servers/proxy.ts";
import { makeTlsFaults } from "../servers/tls-faults.ts";
import { buildProbeChild, type ProbeAnswer, type ProbeChild } from "./probe-child.ts";

const TOKEN = "Made-Up-Token-0123456789abcdefXYZ";
const USER = "made-up-user";
const PASSWORD = "p@ss:w/rd-secret";
const LOGIN = `${USER}:${encodeURIComponent(PASSWORD)}`;
const HEAD = /^CONNECT ([\w.]+:\d+) HTTP\/1\.1\r\nHost: \1\r\n(Proxy-Authorization: Basic \S+\r\n)?\r\n$/;

const base64 = (text: string): string => Buffer.from(text).toString("base64");
/** The password in any form; the user's name may be said. */
const SECRETS = [
  PASSWORD,
  encodeURIComponent(PASSWORD),
  base64(`${USER}:${PASSWORD}`).replace(/=+$/, ""),
  base64(PASSWORD).replace(/=+$/, ""),
  TOKEN,
  base64(TOKEN).replace(/=+$/, ""),
];

const detailAt = (answer: ProbeAnswer, stage: string): string =>
  answer.diagnosis?.stages.find((each) => each.stage === stage)?.detail ?? "";
const tryAt = (answer: ProbeAnswer, stage: string): string =>
  answer.diagnosis?.stages.find((each) => each.stage === stage)?.tryThis ?? "";

export function networkSuite(node: string): void {
  const version = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
  const [major = 0, minor = 0] = version.slice(1).split(".").map(Number);
  const readsSystem = major > 22 || (major === 22 && minor >= 15);
  const readsProxy = major >= 24 || (major === 22 && minor >= 21);

  describe(`Node ${version}`, () => {
    const made = makeTlsFaults();
    const ca = { NODE_EXTRA_CA_CERTS: made.ca };
    const figures = { runs: 0, leaks: 0, heads: 0 };
    const open: { close: () => Promise<void> }[] = [];
    let probe: ProbeChild;
    let secure: Running;
    let plain: Running;

    const proxyOf = async (start: () => Promise<RunningProxy>): Promise<RunningProxy> => {
      const proxy = await start();
      open.push(proxy);
      return proxy;
    };
    /** Runs the probe, and looks for every secret in all that anybody wrote down. */
    const run = async (
      url: string,
      env: Record<string, string>,
      proxy?: RunningProxy,
      timeoutMs = 15_000,
    ): Promise<ProbeAnswer> => {
      const answer = await probe.run({ url, token: TOKEN, env, node, timeoutMs });
      figures.runs++;
      figures.heads += proxy?.heads.length ?? 0;
      const told = answer.text + (proxy?.heads.join("") ?? "").replace(/^Proxy-Authorization: .*$/gim, "");
      const leaks = SECRETS.filter((secret) => told.toLowerCase().includes(secret.toLowerCase()));
      figures.leaks += leaks.length;
      expect(leaks).toEqual([]);
      expect(answer.left).toEqual([]);
      for (const head of proxy?.heads ?? []) expect(head).toMatch(HEAD);
      if (proxy !== undefined) expect(await settled(proxy)).toBe(0);
      return answer;
    };
    async function settled(proxy: RunningProxy): Promise<number> {
      for (let wait = 0; wait < 300 && proxy.open() > 0; wait++) await new Promise((wake) => setTimeout(wake, 10));
      return proxy.open();
    }

    beforeAll(async () => {
      probe = await buildProbeChild();
      secure = (await (made.faults.find(({ cause }) => cause === null) ?? made.faults[0])?.start()) as Running;
      plain = await http("healthy", null, behave).start("");
      open.push(secure, plain);
    });
    afterAll(async () => {
      probe.remove();
      await Promise.all(open.map((each) => each.close()));
      console.log(
        `Node ${version}: ${figures.runs} runs, ${figures.heads} CONNECTs and nothing else seen by proxies, ${figures.leaks} leaks`,
      );
    });

    describe("a proxy", () => {
      it.each([
        ["https:", "HTTPS_PROXY", undefined],
        ["https:", "https_proxy", LOGIN],
        ["https:", "http_proxy", LOGIN],
        ["http:", "HTTP_PROXY", LOGIN],
      ])("carries %s by %s", async (scheme, variable, login) => {
        const proxy = await proxyOf(() => startProxy(login === undefined ? {} : { login: `${USER}:${PASSWORD}` }));
        const target = scheme === "https:" ? secure : plain;
        const answer = await run(target.url, { ...ca, [variable]: proxy.url(login) }, proxy);
        expect(answer.diagnosis, answer.text).toMatchObject({ ok: true, cause: null, control: "refused" });
        expect(proxy.heads.length).toBeGreaterThan(0);
        const [host, port] = proxy.host.split(":");
        expect(answer.record?.proxy).toEqual({
          host,
          port: Number(port),
          variable,
          secure: false,
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
        const proxy = await proxyOf(() => startProxy({ tls: made.good, login: `${USER}:${PASSWORD}` }));
        const answer = await run(secure.url, { ...ca, HTTPS_PROXY: proxy.url(LOGIN) }, proxy);
        expect(answer.diagnosis, answer.text).toMatchObject({ ok: true, control: "refused" });
        expect(answer.record?.proxy).toMatchObject({ secure: true, tunnel: true });
        expect(answer.record?.tls).toMatchObject({ subject: "good", authorized: true });
      });

      it("must show a certificate that is trusted, before it is told anything", async () => {
        const proxy = await proxyOf(() => startProxy({ tls: made.selfSigned }));
        const answer = await run(secure.url, { ...ca, HTTPS_PROXY: proxy.url(LOGIN) }, proxy);
        expect(answer.diagnosis).toMatchObject({ ok: false, cause: "proxy-failed", at: "tcp" });
        expect(detailAt(answer, "tcp")).toContain("certificate that is not accepted (DEPTH_ZERO_SELF_SIGNED_CERT)");
        expect(proxy.heads).toEqual([]);
      });

      it("does not accept the credentials", async () => {
        const proxy = await proxyOf(() => startProxy({ login: "somebody:else" }));
        const answer = await run(secure.url, { ...ca, HTTPS_PROXY: proxy.url(LOGIN) }, proxy);
        expect(answer.diagnosis).toMatchObject({ ok: false, cause: "proxy-auth", at: "tcp" });
        expect(detailAt(answer, "tcp")).toContain("does not accept the user name and password of HTTPS_PROXY");
        expect(answer.record?.proxy).toMatchObject({
          credentials: true,
          status: 407,
          tunnel: false,
          schemes: ["Basic"],
        });
      });

      it("repeats the credentials in its words", async () => {
        const words = `${LOGIN} ${base64(`${USER}:${PASSWORD}`)} ${PASSWORD}`;
        const proxy = await proxyOf(() =>
          startProxy({ answer: (socket) => socket.end(`HTTP/1.1 403 ${words}\r\n\r\n`) }),
        );
        const answer = await run(secure.url, { HTTPS_PROXY: proxy.url(LOGIN) }, proxy);
        expect(answer.record?.proxy?.said).toContain("••••");
      });

      it.each(PROXY_FAULTS)("$name → $cause", async ({ cause, says, start }) => {
        const proxy = await proxyOf(start);
        const silent = says === "no tunnel after";
        const answer = await run(secure.url, { ...ca, HTTPS_PROXY: proxy.url() }, proxy, silent ? 4000 : undefined);
        expect(answer.diagnosis, answer.text).toMatchObject({ ok: false, cause, at: "tcp", control: "skipped" });
        const detail = detailAt(answer, "tcp");
        expect(detail).toContain(says);
        expect(detail).toContain(`${proxy.host} (HTTPS_PROXY)`);
        expect(tryAt(answer, "tcp")).toMatch(cause === "proxy-auth" ? /HTTPS_PROXY|helper/ : /HTTPS_PROXY/);
        expect(answer.record?.tls).toBeNull();
      });

      it.each([
        ["socks5://127.0.0.1:1080", "neither http:// nor https://"],
        ["127.0.0.1:3128", "neither http:// nor https://"],
        [`http://${USER}:${PASSWORD}@127.0.0.1:3128`, "cannot be read as a URL"],
      ])("of which nothing can be made is named by its variable: %s", async (value, says) => {
        const answer = await run(secure.url, { ...ca, HTTPS_PROXY: value });
        expect(answer.diagnosis).toMatchObject({ ok: false, cause: "proxy-failed", at: "tcp" });
        expect(detailAt(answer, "tcp")).toContain("HTTPS_PROXY holds no address of a proxy");
        expect(detailAt(answer, "tcp")).toContain(says);
        expect(answer.record?.exchanges).toEqual([]);
      });

      it("looks the name up itself", async () => {
        const proxy = await proxyOf(() => startProxy({ to: Number(new URL(secure.url).port) }));
        const answer = await run("https://known.to.the.proxy.invalid/", { ...ca, HTTPS_PROXY: proxy.url() }, proxy);
        expect(answer.diagnosis).toMatchObject({ cause: "tls-wrong-host", at: "tls" });
        expect(proxy.heads[0]).toContain("CONNECT known.to.the.proxy.invalid:443 ");
        expect(answer.record?.addresses.map(({ address }) => address)).toEqual(["127.0.0.1"]);
      });

      it("is not to blame for what lies behind its tunnel", async () => {
        const proxy = await proxyOf(() => startProxy());
        const bad = await made.faults.find(({ cause }) => cause === "tls-untrusted")?.start();
        if (bad === undefined) throw new Error("no such fault");
        open.push(bad);
        const answer = await run(bad.url, { HTTPS_PROXY: proxy.url() }, proxy);
        expect(answer.diagnosis).toMatchObject({ cause: "tls-untrusted", at: "tls" });
        expect(detailAt(answer, "tcp")).toContain("through the proxy");
      });

      it.each<[string, string, (socket: Socket) => void]>([
        ["tls-handshake", "ended the TLS handshake", (socket) => void socket.end()],
        ["not-tls", "answered unencrypted", (socket) => void socket.end("220 hello\r\n")],
      ])("is named where who ended it cannot be told: %s", async (cause, says, end) => {
        const proxy = await proxyOf(() =>
          startProxy({
            answer: (socket) => {
              socket.write("HTTP/1.1 200 OK\r\n\r\n");
              // once the client has spoken TLS into it: before, it would be a page of the proxy
              socket.once("data", () => end(socket));
            },
          }),
        );
        const answer = await run(secure.url, { ...ca, HTTPS_PROXY: proxy.url() }, proxy);
        expect(answer.diagnosis, answer.text).toMatchObject({ cause, at: "tls" });
        expect(detailAt(answer, "tls")).toContain(says);
        expect(detailAt(answer, "tls")).toContain(`through the proxy ${proxy.host} (HTTPS_PROXY)`);
      });
    });

    describe("NO_PROXY", () => {
      it.each([
        ["NO_PROXY", "*"],
        ["no_proxy", "127.0.0.1"],
        ["NO_PROXY", "example.com, 127.0.0.1"],
        ["NO_PROXY", "example.com 127.0.0.1:PORT"],
      ])("%s=%s: directly", async (variable, value) => {
        const proxy = await proxyOf(() => startProxy());
        const text = value.replace("PORT", new URL(secure.url).port);
        const answer = await run(secure.url, { ...ca, HTTPS_PROXY: proxy.url(), [variable]: text }, proxy);
        expect(answer.diagnosis).toMatchObject({ ok: true, control: "refused" });
        expect(proxy.heads).toEqual([]);
        expect(answer.record?.proxy).toMatchObject({ bypassedBy: variable, tunnel: false });
        expect(detailAt(answer, "tcp")).toBe(`127.0.0.1 (IPv4), directly: ${variable} excepts it from HTTPS_PROXY`);
      });
      it("of another port or host: through the proxy", async () => {
        const proxy = await proxyOf(() => startProxy());
        const env = { ...ca, HTTPS_PROXY: proxy.url(), NO_PROXY: "127.0.0.1:1,.example.com" };
        expect((await run(secure.url, env, proxy)).diagnosis?.ok).toBe(true);
        expect(proxy.heads.length).toBeGreaterThan(0);
      });
    });

    // NODE_USE_ENV_PROXY: Node 24.0 and 22.21 and later
    const ownProxy = (): void => {
      it("changes nothing", async () => {
        const proxy = await proxyOf(() => startProxy({ login: `${USER}:${PASSWORD}` }));
        const env = { ...ca, NODE_USE_ENV_PROXY: "1", HTTPS_PROXY: proxy.url(LOGIN) };
        const answer = await run(secure.url, env, proxy);
        expect(answer.diagnosis, answer.text).toMatchObject({ ok: true, control: "refused" });
        expect(answer.record?.timings).toMatchObject({ tls: expect.any(Number) });
      });
      it("and dead is the proxy's failure", async () => {
        const proxy = await proxyOf(() => startProxy());
        await proxy.close();
        const answer = await run(secure.url, { ...ca, NODE_USE_ENV_PROXY: "1", HTTPS_PROXY: proxy.url() }, proxy);
        expect(answer.diagnosis).toMatchObject({ ok: false, cause: "proxy-failed", at: "tcp" });
      });
    };
    if (readsProxy) describe("Node's own proxy in force", ownProxy);

    it("a name of v6 and v4: what became of each is said", async () => {
      // of names nothing else is at hand on every computer: the look-up is replaced in the child
      const code =
        "import dns from 'node:dns';import{syncBuiltinESMExports}from'node:module';" +
        "dns.lookup=(n,o,f)=>f(null,[{address:'::1',family:6},{address:'127.0.0.1',family:4}]);syncBuiltinESMExports()";
      const answer = await run(secure.url.replace("127.0.0.1", "localhost"), {
        ...ca,
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}`,
      });
      expect(answer.diagnosis, answer.text).toMatchObject({ ok: true });
      expect(answer.record?.addresses).toEqual([
        { address: "::1", family: 6, outcome: "failed", code: expect.stringMatching(/^E/) },
        { address: "127.0.0.1", family: 4, outcome: "connected", code: null },
      ]);
      expect(detailAt(answer, "dns")).toBe("::1, 127.0.0.1");
      expect(detailAt(answer, "tcp")).toMatch(/^127\.0\.0\.1 \(IPv4\), ::1 \(IPv6\) failed: E/);
    });

    describe("certificates", () => {
      /** A TLS server that counts what it is told after the handshake. */
      const counting = async (pair: { key: Buffer; cert: Buffer }) => {
        const heard = { handshakes: 0, bytes: 0 };
        const server = createTlsServer(pair, (socket: Socket) => {
          heard.handshakes++;
          socket.on("error", () => undefined);
          socket.on("data", (chunk: Buffer) => {
            heard.bytes += chunk.length;
          });
        });
        const running = await listen(
          server.on("tlsClientError", () => undefined),
          "https",
        );
        open.push(running);
        return { ...running, heard };
      };

      it("not trusted: not a byte is sent", async () => {
        const server = await counting(made.selfSigned);
        const answer = await run(server.url, ca);
        expect(answer.diagnosis).toMatchObject({ cause: "tls-untrusted", at: "tls" });
        await new Promise((wake) => setTimeout(wake, 50));
        expect(server.heard.bytes).toBe(0);
        // the counter counts: with verification off it hears the request
        const off = await run(server.url, { ...ca, NODE_TLS_REJECT_UNAUTHORIZED: "0" }, undefined, 4000);
        expect(off.record?.tls).toMatchObject({ authorized: false, error: "DEPTH_ZERO_SELF_SIGNED_CERT" });
        expect(server.heard.bytes).toBeGreaterThan(100);
      });

      it("not verified under NODE_TLS_REJECT_UNAUTHORIZED=0: recorded, and warned about", async () => {
        const bad = await made.faults.find(({ cause }) => cause === "tls-untrusted")?.start();
        if (bad === undefined) throw new Error("no such fault");
        open.push(bad);
        const answer = await run(bad.url, { NODE_TLS_REJECT_UNAUTHORIZED: "0" });
        expect(answer.diagnosis).toMatchObject({ ok: true });
        expect(answer.record).toMatchObject({ verification: "off", tls: { authorized: false, systemCas: null } });
        expect(detailAt(answer, "tls")).toContain("not verified: DEPTH_ZERO_SELF_SIGNED_CERT");
        expect(tryAt(answer, "tls")).toContain("Unset it");
      });

      it("of a CA that NODE_EXTRA_CA_CERTS names", async () => {
        const answer = await run(secure.url, ca);
        expect(answer.diagnosis?.ok).toBe(true);
        expect(answer.record).toMatchObject({
          verification: "on",
          addresses: [{ address: "127.0.0.1", family: 4, outcome: "connected", code: null }],
          tls: { authorized: true, error: null, systemCas: null, above: [{ subject: "test ca", issuer: "test ca" }] },
        });
        expect(tryAt(answer, "tls")).toBe("");
      });

      it("looked at where there is nothing to send, and the process ends as it should", async () => {
        for (let again = 0; again < 3; again++) {
          const answer = await probe.run({
            url: secure.url,
            token: "",
            env: ca,
            node,
            timeoutMs: 15_000,
            reaches: true,
          });
          figures.runs++;
          expect(answer.code).toBe(0);
          expect(answer.record).toMatchObject({
            input: { cause: "missing-value" },
            tls: { authorized: true },
            exchanges: [],
          });
        }
      });

      it("of a CA that nobody knows", async () => {
        const answer = await run(secure.url, { SSL_CERT_FILE: "/dev/null", SSL_CERT_DIR: "/dev/null" });
        expect(answer.diagnosis).toMatchObject({ cause: "tls-untrusted", at: "tls" });
        expect(answer.record?.tls?.systemCas).toBe(readsSystem ? "did-not-help" : "unavailable");
        expect(detailAt(answer, "tls")).toContain('It is for "good", issued by "test ca"');
        if (readsSystem) expect(detailAt(answer, "tls")).toContain("nor by its system's own list");
      });

      it.runIf(process.platform === "linux")("of a proxy and a server that only the system knows", async () => {
        const proxy = await proxyOf(() => startProxy({ tls: made.good, login: `${USER}:${PASSWORD}` }));
        const answer = await run(secure.url, { SSL_CERT_FILE: made.ca, HTTPS_PROXY: proxy.url(LOGIN) }, proxy);
        expect(answer.record?.proxy?.systemCas).toBe(readsSystem);
        if (readsSystem) {
          expect(answer.diagnosis, answer.text).toMatchObject({ ok: true, control: "refused" });
          expect(detailAt(answer, "tcp")).toContain("trusted through the system's certificates alone");
        } else {
          expect(answer.diagnosis).toMatchObject({ ok: false, cause: "proxy-failed", at: "tcp" });
          expect(proxy.heads).toEqual([]);
        }
      });

      // where the system's list is can only be said on Linux
      it.runIf(process.platform === "linux")("of a CA that only the system knows", async () => {
        const proxy = await proxyOf(() => startProxy());
        for (const through of [{}, { HTTPS_PROXY: proxy.url() }]) {
          const answer = await run(secure.url, { SSL_CERT_FILE: made.ca, ...through }, proxy);
          if (!readsSystem) {
            expect(answer.diagnosis).toMatchObject({ cause: "tls-untrusted" });
            expect(answer.record?.tls?.systemCas).toBe("unavailable");
            continue;
          }
          expect(answer.diagnosis, answer.text).toMatchObject({ ok: true, control: "refused" });
          expect(answer.record?.tls).toMatchObject({ systemCas: "helped", authorized: true });
          expect(detailAt(answer, "tls")).toContain("trusted through the system's certificates alone");
          expect(tryAt(answer, "tls")).toContain("NODE_EXTRA_CA_CERTS");
          expect(tryAt(answer, "tls")).toContain("--use-system-ca");
        }
      });
    });
  });
}
