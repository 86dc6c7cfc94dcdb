/** TLS servers with certificates made for the test by the openssl program: a CA that the child trusts, and what can be wrong under it. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cause } from "../../src/core/diagnosis.ts";
import { behave, listen, type Message, type Running } from "./fault-kit.ts";

export interface TlsFault {
  readonly name: string;
  readonly cause: Cause | null;
  readonly start: () => Promise<Running>;
}

export interface TlsFaults {
  /** For NODE_EXTRA_CA_CERTS. */
  readonly ca: string;
  readonly faults: readonly TlsFault[];
}

const CONFIG = `
[ca]
default_ca = d
[d]
new_certs_dir = certs
database = index
serial = serial
default_md = sha256
policy = p
copy_extensions = copy
unique_subject = no
[p]
commonName = supplied
[req]
distinguished_name = dn
[dn]
[v3_ca]
basicConstraints = critical,CA:true
keyUsage = keyCertSign
`;

/** Makes the certificates, in a folder of their own. */
export function makeTlsFaults(): TlsFaults {
  const folder = mkdtempSync(join(tmpdir(), "halo-tls-"));
  const openssl = (...args: string[]): void =>
    void execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  mkdirSync(join(folder, "certs"));
  writeFileSync(join(folder, "index"), "");
  writeFileSync(join(folder, "serial"), "01\n");
  writeFileSync(join(folder, "c.cnf"), CONFIG);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", "c.cnf"];
  openssl(
    "req",
    "-x509",
    ...key,
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    "-subj",
    "/CN=test ca",
    "-days",
    "30",
    "-extensions",
    "v3_ca",
  );

  const signed = (name: string, host: string, from: string, to: string): { key: Buffer; cert: Buffer } => {
    openssl(
      "req",
      ...key,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.csr`,
      "-subj",
      `/CN=${name}`,
      "-addext",
      `subjectAltName=${host}`,
    );
    openssl(
      "ca",
      "-batch",
      "-notext",
      "-config",
      "c.cnf",
      "-cert",
      "ca.pem",
      "-keyfile",
      "ca.key",
      "-in",
      `${name}.csr`,
      "-out",
      `${name}.pem`,
      "-startdate",
      from,
      "-enddate",
      to,
    );
    return { key: readFileSync(join(folder, `${name}.key`)), cert: readFileSync(join(folder, `${name}.pem`)) };
  };
  const selfSigned = (): { key: Buffer; cert: Buffer } => {
    openssl(
      "req",
      "-x509",
      ...key,
      "-keyout",
      "self.key",
      "-out",
      "self.pem",
      "-subj",
      "/CN=self",
      "-addext",
      "subjectAltName=IP:127.0.0.1",
      "-days",
      "30",
    );
    return { key: readFileSync(join(folder, "self.key")), cert: readFileSync(join(folder, "self.pem")) };
  };
  const here = "IP:127.0.0.1,DNS:localhost";
  const [past, future] = ["20200101000000Z", "20490101000000Z"];
  const good = signed("good", here, past, future);

  const serve = (name: string, cause: Cause | null, options: Parameters<typeof createServer>[0]): TlsFault => ({
    name,
    cause,
    start: () =>
      listen(
        createServer(options, (request, response) => {
          let text = "";
          request.on("data", (chunk: Buffer) => {
            text += chunk.toString();
          });
          request.on("end", () => {
            const message = (text === "" ? {} : JSON.parse(text)) as Message;
            behave({ request, response, message, second: "", token: "" });
          });
        }).on("tlsClientError", () => undefined),
        "https",
      ),
  });
  return {
    ca: join(folder, "ca.pem"),
    faults: [
      serve("a good certificate", null, good),
      serve("a self-signed certificate", "tls-untrusted", selfSigned()),
      serve("an expired certificate", "tls-expired", signed("expired", here, past, "20210101000000Z")),
      serve("a certificate of tomorrow", "tls-not-yet-valid", signed("early", here, "20480101000000Z", future)),
      serve("a certificate for another host", "tls-wrong-host", signed("other", "DNS:example.com", past, future)),
      serve("no protocol in common", "tls-handshake", {
        ...good,
        minVersion: "TLSv1",
        maxVersion: "TLSv1.1",
        ciphers: "ALL:@SECLEVEL=0",
      }),
      serve("a certificate asked of us", "tls-handshake", {
        ...good,
        requestCert: true,
        rejectUnauthorized: true,
        maxVersion: "TLSv1.2",
      }),
    ],
  };
}
