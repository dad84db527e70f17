/*! Flask-MyProfile: every page works without this file.
 * Listeners are delegated: pages swapped in keep working. */
(() => {
  const d = document;
  /* the user menu may bring a second copy */
  if (d.documentElement.dataset.mpReady) return;
  d.documentElement.dataset.mpReady = "1";
  const on = (type, fn, capture) => d.addEventListener(type, fn, capture);
  const byId = (id) => d.getElementById(id);
  const closest = (e, sel) => e.target.closest?.(sel);

  /* there before its text, so that it is spoken */
  let live;
  const say = (text) => {
    if (!live?.isConnected) {
      live = Object.assign(d.createElement("div"), { className: "mp-vh", role: "status" });
      (d.querySelector(".mp-page") || d.body).append(live);
    }
    live.textContent = "";
    setTimeout(() => { live.textContent = text; }, 60);
  };

  const reveal = (btn, show) => {
    const input = byId(btn.dataset.mpReveal);
    if (!input) return;
    input.type = show ? "text" : "password";
    btn.textContent = show ? btn.dataset.hide : btn.dataset.show;
  };

  /* the rules a browser can judge; counted in code points, as the server does */
  const tests = {
    min: (v, n) => [...v].length >= +n,
    max: (v, n) => [...v].length <= +n,
    bytes: (v, n) => new Blob([v]).size <= +n,
    lower: (v) => /[\p{Ll}\p{Lo}]/u.test(v),
    upper: (v) => /[\p{Lu}\p{Lt}\p{Lo}]/u.test(v),
    digit: (v) => /\p{Nd}/u.test(v),
    symbol: (v) => /[\p{P}\p{S}]/u.test(v),
    differs: (v, id) => v !== byId(id)?.value
  };
  const check = (list) => {
    const value = (byId(list.dataset.mpRules)?.value || "").normalize();
    for (const li of list.querySelectorAll("[data-mp-rule]")) {
      const [name, arg] = li.dataset.mpRule.split(":");
      if (value && tests[name]) li.dataset.mpState = tests[name](value, arg) ? "ok" : "no";
      else delete li.dataset.mpState;   /* what the server said is of another one */
    }
  };

  const copied = (btn, ok) => {
    const label = btn.querySelector("[data-mp-text]");
    const was = btn.dataset.was ||= label.textContent;
    label.textContent = ok ? btn.dataset.done : btn.dataset.fail;
    btn.toggleAttribute("data-copied", ok);
    say(ok ? btn.dataset.said : btn.dataset.fail);
    clearTimeout(btn._t);
    btn._t = setTimeout(() => { label.textContent = was; btn.removeAttribute("data-copied"); }, 4000);
  };
  const copy = async (btn) => {
    const el = byId(btn.dataset.mpCopy);
    let ok = true;
    try { await navigator.clipboard.writeText("value" in el ? el.value : el.textContent); }
    catch {
      /* plain http has no clipboard: the old command, or a selection for Ctrl+C */
      if (el.select) { el.focus(); el.select(); }
      ok = d.execCommand("copy");
    }
    copied(btn, ok);
  };
  const ask = async (form) => {
    const answer = await fetch(form.action, {
      method: "POST", body: new URLSearchParams(new FormData(form)),
      headers: { Accept: "application/json" }
    });
    const { token } = answer.ok ? await answer.json() : {};
    return token || Promise.reject(answer.status);
  };
  const copyAnswer = async (btn) => {
    if (btn.ariaBusy) return;
    btn.ariaBusy = "true";
    try {
      /* Safari forgets the click meanwhile: the clipboard gets the promise */
      await navigator.clipboard.write([new ClipboardItem({ "text/plain": ask(btn.form).then((x) => new Blob([x], { type: "text/plain" })) })]);
      copied(btn, true);
    } catch { btn.form.requestSubmit(); }   /* its page shows the token, or asks to sign in */
    btn.ariaBusy = null;
  };

  /* the confirmation page's form as a dialog, the safe button first and focused */
  const confirm = async (link) => {
    if (link.ariaBusy) return;
    link.ariaBusy = "true";
    try {
      const answer = await fetch(link.href);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const form = d.importNode(page.querySelector("[data-mp-confirm]"), true);
      const dlg = d.createElement("dialog"), no = form.querySelector("[data-mp-close]");
      Object.assign(dlg, { className: "mp-dialog", role: "alertdialog" });
      dlg.setAttribute("aria-labelledby", form.querySelector(".mp-h2").id);
      dlg.setAttribute("aria-describedby", "mp-confirm-text");
      Object.assign(no, { role: "button", autofocus: true });
      no.parentNode.prepend(no);
      dlg.append(form);
      dlg.addEventListener("close", () => dlg.remove());
      link.closest(".mp").append(dlg);
      link.focus();   /* focus returns here; Safari does not focus it */
      dlg.showModal();
    } catch { location.href = link.href; }
    link.ariaBusy = null;
  };

  on("click", (e) => {
    let t;
    if ((t = closest(e, "[data-mp-reveal]"))) return reveal(t, byId(t.dataset.mpReveal).type === "password");
    if ((t = closest(e, "[data-mp-copy]"))) return void (t.dataset.mpCopy ? copy : copyAnswer)(t);
    if ((t = closest(e, "a[data-mp-dialog]")) && !(e.ctrlKey || e.metaKey || e.shiftKey)) return e.preventDefault(), void confirm(t);
    if ((t = closest(e, "dialog [data-mp-close]"))) return e.preventDefault(), t.closest("dialog").close();
    if (e.target.matches?.(".mp-dialog")) e.target.close();   /* backdrop */
  });
  const shut = (e) => { for (const m of d.querySelectorAll(".mp-menu[open]")) if (!m.contains(e.target)) m.open = false; };
  on("click", shut);
  on("focusin", shut);
  on("keydown", (e) => {
    const m = d.querySelector(".mp-menu[open]"), b = closest(e, "a.mp-btn");   /* looks like a button */
    if (e.key === "Escape" && m) m.open = false, m.querySelector("summary").focus();
    if (e.key === " " && b) e.preventDefault(), b.click();
  });

  /* asks before one leaves what is not saved; browsers fill in passwords by themselves */
  const keep = (e) => e.preventDefault();
  const fields = (form) => [...form.querySelectorAll("input,select,textarea")];
  const guard = () => {
    let any = 0;
    for (const form of d.querySelectorAll(".mp form[method=post]:not([aria-busy])")) {
      const clean = form.cloneNode(true), out = form.querySelector("[data-mp-dirty]");
      HTMLFormElement.prototype.reset.call(clean);   /* a field may be called so */
      const was = fields(clean), n = fields(form).filter((x, i) => {
        const moved = x.checked !== was[i].checked || x.value !== was[i].value;
        return x.type !== "password" && (moved ? x.type !== "checkbox" || !x.dataset.mpMoved : x.dataset.mpMoved);
      }).length;
      any += n;
      if (out) out.textContent = n ? out.dataset.some.replace("{n}", n) : out.dataset.none;
    }
    (any ? addEventListener : removeEventListener)("beforeunload", keep);
  };
  /* the middle of a chosen picture; drawn, as a policy may know no blob: */
  on("change", async (e) => {
    const input = closest(e, ".mp-picture input"), canvas = byId("mp-preview");
    if (!input) return;
    canvas.hidden = true;
    try {
      const p = await createImageBitmap(input.files[0]), s = Math.min(p.width, p.height);
      canvas.width = 256;   /* empties it */
      canvas.getContext("2d").drawImage(p, (p.width - s) / 2, (p.height - s) / 2, s, s, 0, 0, 256, 256);
      canvas.hidden = false;
    } catch { }   /* the server says what is wrong with it */
  });

  on("input", () => {
    d.querySelectorAll("[data-mp-rules]").forEach(check);
    guard();
  });

  /* browsers remember text fields, so hide passwords again; and never send twice */
  on("submit", (e) => {
    const form = closest(e, ".mp form");
    if (!form || e.defaultPrevented) return;
    if (form.matches("[aria-busy]")) return e.preventDefault();
    form.setAttribute("aria-busy", "true");
    for (const b of form.querySelectorAll("[data-mp-reveal]")) reveal(b, false);
    guard();
    /* nobody tells of the Stop button, or a broken connection */
    setTimeout(free, 5000, form);
  });
  const free = (form) => {
    form.removeAttribute("aria-busy");
    guard();
  };
  addEventListener("pageshow", () => d.querySelectorAll("form[aria-busy]").forEach(free));

  /* in sight: the current tab, and one reached by keys, which no press moves */
  const middle = (el) => { const r = el.getBoundingClientRect(); return r.left + r.width / 2; };
  const center = (link) => {
    const strip = link.closest("ul");
    strip.scrollLeft += middle(link) - middle(strip);
  };
  on("focusin", (e) => { if (closest(e, ".mp-nav a:focus-visible")) center(e.target); });

  /* initials are behind it */
  on("error", (e) => { if (closest(e, ".mp-avatar")) e.target.remove(); }, true);

  const init = (root) => {
    for (const img of root.querySelectorAll(".mp-avatar img")) if (img.complete && !img.naturalWidth) img.remove();
    root.querySelectorAll(".mp-nav [aria-current]").forEach(center);
    for (const el of root.querySelectorAll("[data-mp-js]")) el.hidden = false;
    guard();
    /* tooltip: the exact moment, in the reader's language and zone */
    for (const t of root.querySelectorAll("time[data-mp-time]")) {
      try { t.title = new Date(t.dateTime).toLocaleString(t.closest("[lang]").lang, { dateStyle: "full", timeStyle: "short", timeZone: t.dataset.mpTime || undefined }); } catch { }
    }
    /* this device's zone first, unless it is the app's; once */
    const mark = root.querySelector("[data-mp-zone]"), zone = mark && Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone && zone !== mark.dataset.given) {
      const list = byId(mark.dataset.mpZone), group = d.createElement("optgroup");
      group.label = mark.dataset.label;
      group.append([...list.options].find((o) => o.value === zone) || new Option(zone.split("/").pop().replaceAll("_", " "), zone));
      list.options[0].after(group);
      mark.remove();
    }
    root.querySelector("[data-mp-focus]")?.focus();
    const at = root.querySelector("[data-mp-at]");
    if (at) history.replaceState(history.state, "", at.dataset.mpAt);
  };
  init(d);
  on("htmx:afterSwap", (e) => init(e.target));
  on("turbo:load", () => init(d));
})();
