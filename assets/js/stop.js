// The question before a run is stopped. `source` is a selector of an element that says which run and what is at stake;
// `ways` is "keep", "discard" or "either". The answer goes to Python through the dialog's own gr.HTML (runbar.py).
window.tunesmithStop = (source, ways) => {
  const run = document.querySelector(source);
  const dialog = document.querySelector("#confirm dialog");
  if (!run || !dialog || dialog.open) return;
  dialog.dataset.run = run.dataset.run;
  dialog.returnValue = "";
  dialog.querySelector("#confirm-text").textContent = run.dataset.stake;
  dialog.querySelector("#confirm-keep").hidden = ways === "discard";
  dialog.querySelector("#confirm-discard").hidden = ways === "keep";
  dialog.showModal();
  dialog.querySelector("#confirm-cancel").focus();
};
