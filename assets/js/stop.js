// The question before a run is stopped. `source` is a selector of an element that says which run and what is at stake;
// `ways` is "keep", "discard" or "either", or "away" for a run that is paused. The answer goes to Python through the
// dialog's own gr.HTML (runbar.py).
window.tunesmithStop = (source, ways) => {
  const run = document.querySelector(source);
  const dialog = document.querySelector("#confirm dialog");
  if (!run || !dialog || dialog.open) return;
  const part = (name) => dialog.querySelector(`#confirm-${name}`);
  const away = ways === "away";
  dialog.dataset.run = run.dataset.run;
  dialog.returnValue = "";
  part("title").textContent = away ? "Throw this run away?" : "Stop this run?";
  part("text").textContent = run.dataset.stake;
  part("cancel").textContent = away ? "Leave it as it is" : "Keep training";
  part("discard").textContent = away ? "Throw away" : "Stop and throw away";
  part("pause").hidden = ways !== "either";
  part("keep").hidden = ways !== "either" && ways !== "keep";
  part("discard").hidden = ways === "keep";
  dialog.showModal();
  part("cancel").focus();
};
