/** The secret of one text, by the name that it stands under. */
import { fromBase64, fromPercents } from "./base64.ts";
import { hasReference, ONE_REFERENCE, referencesIn } from "./references.ts";
import { knownFormat } from "./secret-known.ts";
import { ID_NAME, isPublicName, isSecretName, snake } from "./secret-names.ts";
import { dense, drawnValue, LONGEST, SCHEME, type Shape } from "./secret-shapes.ts";
import { passwordInUrl, secretInQuery } from "./secret-urls.ts";

/** The secret in a text that stands under a name: `undefined` when it is a reference, an example, or nothing of the kind. */
export function secretIn(text: string, name: string): Shape | undefined {
  // the usual reference is too short to have a secret for a name: the expressions below are then not compiled
  if (text.length < 8 || (text.length < 19 && ONE_REFERENCE.test(text))) return undefined;
  if (text.length > LONGEST) return inLong(text, name);
  const found = knownFormat(text, name) ?? passwordInUrl(text) ?? secretInQuery(text) ?? inEncoded(text);
  if (found !== undefined) return found;
  if (hasReference(text)) return besideReferences(text, name);
  const inside = /^\s*["[{]/.test(text) ? inObject(text) : undefined;
  if (inside !== undefined) return inside;
  // curl -k takes nothing; whatever takes such a text takes a key
  const isKey = /^-{1,2}k$/.test(name) && /^[\w-]{20,128}$/.test(text);
  if (isKey || isSecretName(name) || (SCHEME.test(text) && !isPublicName(name))) return drawnValue(text);
  // curl -u user:password
  if (text.includes(":") && /^-{0,2}(?:u|user)$/i.test(name)) return behindColon(text);
  return ID_NAME.test(snake(name)) || isPublicName(name) || /\s/.test(text.trim()) ? undefined : dense(text);
}

/** In pieces that overlap, each beginning with a sign: no number of blanks hides what follows them. */
function inLong(text: string, name: string): Shape | undefined {
  const sign = /\S/g;
  for (let match = sign.exec(text); match !== null; match = sign.exec(text)) {
    const found = secretIn(text.slice(match.index, match.index + LONGEST), name);
    if (found !== undefined) return { ...found, start: match.index + found.start, end: match.index + found.end };
    if (match.index + LONGEST >= text.length) return undefined;
    sign.lastIndex = match.index + LONGEST - 2048;
  }
  return undefined;
}

function moved(found: Shape | undefined, by: number): Shape | undefined {
  return found === undefined ? undefined : { ...found, start: by + found.start, end: by + found.end };
}

function behindColon(text: string): Shape | undefined {
  const start = text.indexOf(":") + 1;
  return moved(drawnValue(text.slice(start)), start);
}

/** `${TOKEN:-…}`: the default is as good as the value. Or a value that references only stand beside. */
function besideReferences(text: string, name: string): Shape | undefined {
  if (/[-=+]/.test(text)) {
    for (const match of text.matchAll(/\$\{([\w:. ]{1,128}?)(:?[-=+])((?:[^}$]|\$(?!\{)){1,4096})\}/g)) {
      const [whole, variable = "", , fallback = ""] = match;
      const found = isSecretName(variable) || isSecretName(name) ? drawnValue(fallback) : undefined;
      const by = match.index + whole.length - 1 - fallback.length;
      if (found !== undefined) return moved({ ...found, what: "the default of a variable" }, by);
    }
  }
  if (!isSecretName(name)) return undefined;
  const pieces: { readonly piece: string; readonly at: number }[] = [];
  let from = 0;
  for (const { text: reference, offset } of [...referencesIn(text), { text: "", offset: text.length }]) {
    const piece = text.slice(from, offset);
    const found = piece.length < 12 ? undefined : drawnValue(piece);
    if (found !== undefined) return moved(found, from);
    if (piece.trim() !== "" && !SCHEME.test(`${piece} `)) pieces.push({ piece, at: from });
    from = offset + reference.length;
  }
  // one value with references strewn into it
  const [first, last] = [pieces[0], pieces.at(-1)];
  if (first === undefined || last === undefined || pieces.length < 2) return undefined;
  const joined = pieces.map(({ piece }) => piece).join("");
  if (!/^[\w+=]{16,}$/.test(joined) || drawnValue(joined) === undefined) return undefined;
  return { what: "what looks like a secret", start: first.at, end: last.at + last.piece.length };
}

/** JSON inside a string, as OPENAPI_MCP_HEADERS has it: `{"Authorization": "Bearer …"}`, also escaped once more, also a list. */
function inObject(text: string): Shape | undefined {
  for (const match of text.matchAll(
    /\\{0,3}["']([\w.-]{1,64})\\{0,3}["']\s{0,9}:\s{0,9}(?:\[\s{0,9})?\\{0,3}["']([^"'\\]{8,4096})/g,
  )) {
    const [whole, name = "", value = ""] = match;
    const found = isSecretName(name) && !hasReference(value) ? drawnValue(value) : undefined;
    if (found !== undefined) return moved(found, match.index + whole.length - value.length);
  }
  return undefined;
}

/** The same in base64, as Smithery's `?config=` has it, or with percents. */
function inEncoded(text: string): Shape | undefined {
  if (/eyJ|ewog|W3si|W1si/.test(text))
    for (const match of text.matchAll(/(?<![\w+/-])(?:eyJ|ewog|W3si|W1si)[\w+/-]{16,8192}/g))
      if (inObject(fromBase64(match[0])) !== undefined)
        return { what: "an object with a secret, encoded", start: match.index, end: match.index + match[0].length };
  if (!/%22/.test(text)) return undefined;
  for (const match of text.matchAll(/[^\s?&=]{12,8192}/g))
    if (match[0].includes("%22") && inObject(fromPercents(match[0])) !== undefined)
      return { what: "an object with a secret, encoded", start: match.index, end: match.index + match[0].length };
  return undefined;
}
