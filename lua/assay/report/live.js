// Asks every second whether the database has changed, and puts in the parts of the page that differ.
(() => {
  const page = location.pathname.replace(/\/$/, "/index.html").replace(/\.html$/, ".json");
  let version = "";
  const shown = {};
  const refresh = async () => {
    try {
      const answer = await fetch(`${page}?since=${encodeURIComponent(version)}`);
      if (!answer.ok) throw new Error(answer.statusText);
      const news = await answer.json();
      version = news.version;
      for (const [id, html] of Object.entries(news.parts)) {
        if (shown[id] === html) continue;
        const section = document.getElementById(id);
        shown[id] = html;
        section.hidden = html === "";
        section.querySelector(".body").innerHTML = html;
      }
      document.body.dataset.version = version;
      document.body.classList.remove("stale");
    } catch {
      document.body.classList.add("stale");
    }
    setTimeout(refresh, document.hidden ? 5000 : 1000);
  };
  refresh();
})();
