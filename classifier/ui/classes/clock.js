/** The time for which a round has run, counted on by the phone itself; one at a time. */
(() => {
  const begun = performance.now() - Number("AGE") * 1000;
  clearInterval(window.roundClock);
  const tick = () => {
    const place = document.querySelector(".round-clock");
    if (place === null) return clearInterval(window.roundClock);
    const seconds = Math.floor((performance.now() - begun) / 1000);
    place.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  };
  window.roundClock = setInterval(tick, 1000);
  tick();
})();
