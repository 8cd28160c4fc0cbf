// Select a tab as if its name had been clicked; the page shows it at once and tells the server by itself.
window.tunesmithGo = (tab) => {
  const name = document.getElementById(`tab-${tab}-button`);
  name.click();
  name.focus(); // where the keyboard goes on; it also brings the top of the tab into view
};
