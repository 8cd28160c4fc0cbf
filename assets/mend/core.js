// find_attached_events, get_state, reload: the tree of components is made once, and looked up instead of searched.
(async () => {
  const { AppTree } = await import("MODULE");
  const tree = AppTree.prototype;
  const { get_state, register_component, reload, unregister_component } = tree;

  const eventsOf = new WeakMap(); // by the list of all events: the names of those that each component tells
  tree.find_attached_events = (node, dependencies) => {
    if (!eventsOf.has(dependencies)) {
      const names = {};
      for (const { targets } of dependencies) {
        const first = Object.fromEntries([...targets].reverse()); // of several on one component the first counts
        for (const [id, name] of Object.entries(first)) if (name) (names[id] ??= []).push(name);
      }
      eventsOf.set(dependencies, names);
    }
    node.props.shared_props.attached_events = eventsOf.get(dependencies)[node.id] ?? [];
    return node;
  };

  // What stands in the page is asked itself; what does not yet is found by its number.
  const readers = new WeakMap();
  const nodes = new WeakMap(); // by the root, which is another one after a reload
  const readersOf = (one) => readers.get(one) ?? readers.set(one, new Map()).get(one);
  const index = (root) => {
    const known = new Map();
    const note = (node) => {
      known.set(node.id, node);
      node.children?.forEach(note);
    };
    note(root);
    nodes.set(root, known);
    return known;
  };
  tree.register_component = function (id, write, read) {
    readersOf(this).set(id, { write, read });
    return register_component.call(this, id, write, read);
  };
  tree.unregister_component = function (id, write) {
    const known = readersOf(this).get(id);
    if (!write || known?.write === write) readersOf(this).delete(id);
    return unregister_component.call(this, id, write);
  };
  tree.get_state = async function (id) {
    const known = readersOf(this).get(id);
    if (known) return await known.read();
    const node = (nodes.get(this.root) ?? index(this.root)).get(id);
    return node ? { value: node.props.props.value } : get_state.call(this, id);
  };

  // A page that has just been opened is reloaded at once with what it was made of: the whole tree a second time.
  const begun = new WeakSet();
  tree.reload = function (...made) {
    if (begun.has(this)) return reload.apply(this, made);
    begun.add(this);
  };
})();
