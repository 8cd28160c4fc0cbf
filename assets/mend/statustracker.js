// resolve_args: no loading states of inputs, which nothing but a live camera or microphone needs.
(async () => {
  const found = Object.values(await import("MODULE"));
  const status = found.find((part) => part?.prototype?.resolve_args).prototype;
  const resolve = status.resolve_args;
  status.resolve_args = function (told) {
    for (const [id, state] of Object.entries(this.current)) if (state.type === "input") delete this.current[id];
    return resolve.call(this, told).filter((state) => state.type !== "input");
  };
})();
