// Select a tab as if its name had been clicked; the page shows it at once and tells the server by itself.
(() => {
  let chosen = false; // whether the person has picked a tab since the page was opened
  document.addEventListener("click", (event) => {
    if (event.isTrusted && event.target.closest?.("[role=tab]")) chosen = true;
  }, true);

  // After a reload: the tab of before, unless the person was faster than the server's answer.
  window.tunesmithBack = (tab) => {
    history.replaceState(null, "", location.pathname);
    if (!chosen) document.getElementById(`tab-${tab}-button`)?.click();
  };
})();

window.tunesmithGo = (tab) => {
  const name = document.getElementById(`tab-${tab}-button`);
  name.click();
  name.focus(); // where the keyboard goes on; it also brings the top of the tab into view
};
