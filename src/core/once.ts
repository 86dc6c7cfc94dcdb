/** Caches a function's result for each object: rules ask the same questions about data that never changes. */
export function once<Key extends object, Value>(work: (key: Key) => Value): (key: Key) => Value {
  const known = new WeakMap<Key, { readonly value: Value }>();
  return (key) => {
    const there = known.get(key) ?? { value: work(key) };
    known.set(key, there);
    return there.value;
  };
}
