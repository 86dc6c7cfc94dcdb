/** FNV-1a over the UTF-16 units, twice with different beginnings: 64 bits that name a place, nothing to rely on against malice. */
export function fingerprint(text: string): string {
  let [left, right] = [0x811c9dc5, 0x9e3779b9];
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    left = Math.imul(left ^ unit, 0x01000193);
    right = Math.imul(right ^ unit ^ (left >>> 16), 0x01000193);
  }
  return [left, right].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
}
