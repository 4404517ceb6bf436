// Signing with NCALayer: its protocol is one answer for one request, after it has told its version.
"use strict";
(() => {
  const form = document.getElementById("sign");
  if (!form || !("WebSocket" in window)) return;
  const byId = (id) => document.getElementById(id);
  const given = form.dataset;
  const SLOW = 10000; // milliseconds until the reader is told that nothing happens
  let socket = null, timer = 0, signed = null;

  byId("ncalayer").hidden = false;

  function say(what, detail = "", technical = "") {
    for (const one of byId("said").children) {
      one.hidden = one.dataset.says !== what;
      const place = one.querySelector("[data-detail]");
      if (place && !one.hidden) place.textContent = detail;
      const below = one.querySelector("[data-technical]");
      if (below) {
        below.textContent = technical;
        below.parentElement.hidden = !technical;
      }
    }
    byId("begin").hidden = ["checking", "prompt", "connecting", "silent", "waiting", "sending", "saved", "unsent"].includes(what);
    byId("give-up").hidden = !["connecting", "silent", "waiting"].includes(what);
    byId("resend").hidden = what !== "unsent";
  }

  function end(what, detail) {
    clearTimeout(timer);
    const used = socket;
    socket = null; // Whatever it reports from now on is not heard.
    if (used) used.close();
    say(what, detail);
  }

  // --- the documents

  const hex = (buffer) => Array.from(new Uint8Array(buffer), (one) => one.toString(16).padStart(2, "0")).join("");

  const base64 = (blob) => new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(new Error("no-content"));
    reader.readAsDataURL(blob);
  });

  async function load(field) {
    const { number, content, sha256 } = field.dataset;
    const [chosen] = byId(`document-${number}`)?.files ?? [];
    if (!content && !chosen) throw new Error("no-file");
    let blob = chosen;
    if (content) {
      const response = await fetch(content).catch(() => null);
      if (!response || !response.ok) throw new Error("no-content");
      blob = await response.blob();
    }
    // Only pages by https (or on this machine) can compute it; the server does so in any case.
    if (sha256 && window.crypto?.subtle) {
      const found = hex(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
      if (found !== sha256) throw new Error("other-file");
    }
    return { number, data: await base64(blob) };
  }

  // --- the permission: granted, prompt, denied, or unknown to older browsers

  async function permission() {
    for (const name of ["loopback-network", "local-network-access"]) {
      try {
        return (await navigator.permissions.query({ name })).state;
      } catch { /* This browser has no such permission. */ }
    }
    return "unknown";
  }

  // --- NCALayer

  function connect(documents) {
    say("connecting");
    let version = null;
    timer = setTimeout(() => say("silent"), SLOW);
    try {
      socket = new WebSocket(given.ncalayer);
    } catch {
      return end("absent");
    }
    const mine = socket;
    const hear = (listener) => (event) => { if (socket === mine) listener(event); };
    // Some browsers report only one of both if the page's own policy is in the way.
    const lost = hear(() => end(version === null ? "absent" : "closed"));
    mine.onerror = lost;
    mine.onclose = lost;
    mine.onmessage = hear(({ data }) => {
      let answer;
      try {
        answer = JSON.parse(data);
      } catch {
        return end("failed");
      }
      if (version === null) {
        clearTimeout(timer);
        version = String(answer?.result?.version ?? "");
        say("waiting");
        return mine.send(JSON.stringify(request(documents)));
      }
      return receive(answer, documents, version);
    });
  }

  function request(documents) {
    const signingParams = { decode: true, encapsulate: false, digested: false };
    if (given.timestamp) signingParams.tsaProfile = {};
    const signerParams = { extKeyUsageOids: ["1.3.6.1.5.5.7.3.4"] };
    if (given.iin) signerParams.iin = given.iin;
    if (given.bin) signerParams.bin = given.bin;
    const data = documents.map((one) => one.data);
    return {
      module: "kz.gov.pki.knca.basics",
      method: "sign",
      args: {
        format: "cms", data: data.length === 1 ? data[0] : data,
        signingParams, signerParams, locale: given.language,
      },
    };
  }

  function receive(answer, documents, version) {
    if (answer.errorCode === "MODULE_NOT_FOUND") return end("old", version);
    if (!answer.status) return end("failed", [answer.code, answer.message].filter(Boolean).join(": "));
    const result = answer.body?.result;
    if (result === undefined || result === null) return end("cancelled");
    const made = [result].flat(); // a list, or of older versions a text
    if (made.length !== documents.length || !made.every((one) => typeof one === "string")) return end("failed");
    end("sending");
    signed = made.map((text, place) => ({ number: documents[place].number, text }));
    return send();
  }

  // --- the server

  async function send() {
    say("sending");
    const body = new FormData(form);
    body.set("method", "ncalayer");
    for (const { number, text } of signed) {
      body.set(`signature-${number}`, new Blob([text]), "signature.p7s");
    }
    let answer;
    try {
      const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
      answer = await response.json();
      answer.ok = response.ok;
    } catch {
      return say("unsent");
    }
    if (!answer.ok) return say("refused", answer.message ?? "", answer.detail ?? "");
    say("saved");
    return location.assign(answer.next);
  }

  async function begin(mayAsk) {
    signed = null;
    say("checking");
    let documents;
    try {
      const fields = [...form.querySelectorAll("[data-number]")];
      documents = await Promise.all(fields.map(load));
    } catch (error) {
      return say(["no-file", "other-file"].includes(error.message) ? error.message : "no-content");
    }
    const state = await permission();
    if (state === "denied") return say("denied");
    if (state === "prompt" && !mayAsk) return say("prompt");
    return connect(documents);
  }

  byId("begin").addEventListener("click", () => begin(false));
  byId("go-on").addEventListener("click", () => begin(true));
  byId("give-up").addEventListener("click", () => end("given-up"));
  byId("resend").addEventListener("click", send);
})();
