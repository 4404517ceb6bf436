"use strict";
// Hashes of documents, computed here, so that a document need not leave this computer.
// SHA-2: Web Crypto where browsers have it (https, loopback), else FIPS 180-4 below.
// Streebog: RFC 6986.

const PI =
  "fceedd11cf6e3116fbc4fada23c5044de977f0db932e99ba1736f1bb14cd5fc1f918655ae25cef21811c3c428b01" +
  "8e4f058402aee36a8fa0060bed987fd4d31feb342c51eac848abf22a68a2fd3aceccb5700e56080c7612bf721347" +
  "9cb75d8715a19629107b9ac7f391786f9d9eb2b13275193dff358a7e6d54c680c3bd0d57dff524a93ea843c9d779" +
  "d6f67c22b903e00fecde7a94b0bcdce828504e330a4aa79760731e0062441ab83882649f2641ad454692275e552f" +
  "8ca3a57d69d5953b0758b34086ac1df730376be488d9e789e11b83494c3ff8fe8d53aa90cad88561207167a42d2b" +
  "095bcb9b25d0bee56c5259a674d2e6f4b4c0d166afc2394b63b6";
const MATRIX =
  "8e20faa72ba0b47047107ddd9b505a38ad08b0e0c3282d1cd8045870ef14980e6c022c38f90a4c073601161cf205" +
  "268d1b8e0b0e798c13c883478b07b2468764a011d380818e8f405086e740ce47c9202843fd2067adea1014aff010" +
  "bdd875080ad97808d06cb40405e23c0468365a028c711e02341b2d0146b60f011a83988e90dab52a387ae76f486d" +
  "d4151c3dfdb924b86a840e90f0d2125c354207487869092e94218d243cba8a174a9ec8121e5d4585254f64090fa0" +
  "accc9ca9328a89509d4df05d5f661451c0a878a0a1330aa660543c50de970553302a1e286fc58ca718150f14b9ec" +
  "46dd0c84890ad27623e00642ca05693b9f700321658cba93c13886275df09ce8aaa8439da0784e745554afc0503c" +
  "273aa42ad960281e9d1d5215e230140fc080298471180a8960409a42b60c05ca30204d215b068c651810a89e456c" +
  "34887a3805b9ac361a443d1c8cd2561b0d22900e46692b838811480723ba9bcf4486248d9f5dc3e9224312c8c1a0" +
  "effa11af0964ee50f97d86d98a327728e4fa2054a80b329c727d102a548b194e39b008152acb82279258048415eb" +
  "419d492c024284fbaec0aa16012142f35760550b8e9e21f7a530a48b474f9ef5dc1870a6a56e2440598e3853dc37" +
  "1220a2471ca76e95091051ad0edd37c48a08a6d807e095624504536c8d70c431ac02a736c83862965601dd1b641c" +
  "314b2b8ee083";
const CONSTANTS =
  "b1085bda1ecadae9ebcb2f81c0657c1f2f6a76432e45d016714eb88d7585c4fc4b7ce09192676901a2422a08a460" +
  "d31505767436cc744d23dd806559f2a645076fa3b58aa99d2f1a4fe39d460f70b5d7f3feea720a232b9861d55e0f" +
  "16b501319ab5176b12d699585cb561c2db0aa7ca55dda21bd7cbcd56e679047021b19bb7f574dcac2bce2fc70a39" +
  "fc286a3d843506f15e5f529c1f8bf2ea7514b1297b7bd3e20fe490359eb1c1c93a376062db09c2b6f443867adb31" +
  "991e96f50aba0ab2ef1fdfb3e81566d2f948e1a05d71e4dd488e857e335c3c7d9d721cad685e353fa9d72c82ed03" +
  "d675d8b71333935203be3453eaa193e837f1220cbebc84e3d12e4bea6bacad4747999a3f410c6ca923637f151c1f" +
  "1686104a359e35d7800fffbdbfcd1747253af5a3dfff00b723271a167a56a27ea9ea63f5601758fd7c6cfe57ae4f" +
  "aeae1d3ad3d96fa4c33b7a3039c02d66c4f95142a46c187f9ab49af08ec6cffaa6b71c9ab7b40af21f66c2bec6b6" +
  "bf71c57236904f35fa68407a46647d6ef4c70e16eeaac5ec51ac86febf240954399ec6c7e6bf87c9d3473e33197a" +
  "93c90992abc52d822c3706476983284a05043517454ca23c4af38886564d3a14d4939b1f5b424d93c9a703e7aa02" +
  "0c6e41414eb7f8719c36de1e89b4443b4ddbc49af4892bcb929b069069d18d2bd1a5c42f36acc2355951a8d9a47f" +
  "0dd4bf02e71e378f5a541631229b944c9ad8ec165fde3a7d3a1b258942243cd955b7e00d0984800a440bdbb2ceb1" +
  "7b2b8a9aa6079c540e38dc92cb1f2a607261445183235adbabbedea680056f52382ae548b2e4f3f38941e71cff8a" +
  "78db1fffe18a1b3361039fe76702af69334b7a1e6c303b7652f43698fad1153bb6c374b4c7fb98459ced7bcd9ed0" +
  "efc889fb3002c6cd635afe94d8fa6bbbebab076120018021148466798a1d71efea48b9caefbacd1d7d476e98dea2" +
  "594ac06fd85d6bcaa4cd81f32d1b378ee767f11631bad21380b00449b17acda43c32bcdf1d77f82012d430219f9b" +
  "5d80ef9d1891cc86e71da4aa88e12852faf417d5d9b21b9948bc924af11bd720";

const bytesOf = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
const hexOf = (bytes) => Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
const pause = () => new Promise((resolve) => setTimeout(resolve));

// --- Streebog: words of 64 bits are pairs of 32, the lower one first ---

let tables = null;

function makeTables() {
  // One table for each byte of a word: the substitution and the linear transformation together.
  const rows = new Uint32Array(128);
  for (let row = 0; row < 64; row++) {
    const at = 16 * (63 - row);
    rows[2 * row] = parseInt(MATRIX.slice(at + 8, at + 16), 16);
    rows[2 * row + 1] = parseInt(MATRIX.slice(at, at + 8), 16);
  }
  const pi = bytesOf(PI);
  const made = new Uint32Array(8 * 512);
  for (let place = 0; place < 8; place++) {
    for (let value = 0; value < 256; value++) {
      let low = 0, high = 0;
      for (let bit = 0; bit < 8; bit++) {
        if ((pi[value] >> bit) & 1) {
          low ^= rows[2 * (8 * place + bit)];
          high ^= rows[2 * (8 * place + bit) + 1];
        }
      }
      made[512 * place + 2 * value] = low;
      made[512 * place + 2 * value + 1] = high;
    }
  }
  const rounds = [];
  for (let round = 0; round < 12; round++) {
    const bytes = bytesOf(CONSTANTS.slice(128 * round, 128 * round + 128)).reverse();
    rounds.push(new Uint32Array(bytes.buffer));
  }
  return { made, rounds };
}

const mixed = new Uint8Array(64);
const mixedWords = new Uint32Array(mixed.buffer);

function transform(into, a, b) {
  // X, S, P and L of RFC 6986, section 7.
  const { made } = tables;
  for (let i = 0; i < 16; i++) mixedWords[i] = a[i] ^ b[i];
  for (let word = 0; word < 8; word++) {
    let low = 0, high = 0;
    for (let place = 0; place < 8; place++) {
      const at = 512 * place + 2 * mixed[8 * place + word];
      low ^= made[at];
      high ^= made[at + 1];
    }
    into[2 * word] = low;
    into[2 * word + 1] = high;
  }
}

function compress(state, count, block) {
  const key = new Uint32Array(16), text = new Uint32Array(block);
  transform(key, state, count);
  for (const constants of tables.rounds) {
    transform(text, key, text);
    transform(key, key, constants);
  }
  for (let i = 0; i < 16; i++) state[i] ^= key[i] ^ text[i] ^ block[i];
}

function add(sum, other) {
  let carry = 0;
  for (let i = 0; i < 16; i++) {
    const total = sum[i] + other[i] + carry;
    sum[i] = total;
    carry = total > 0xffffffff ? 1 : 0;
  }
}

async function streebog(data, bits) {
  tables = tables || makeTables();
  const state = new Uint32Array(16).fill(bits === 256 ? 0x01010101 : 0);
  const count = new Uint32Array(16), sum = new Uint32Array(16), none = new Uint32Array(16);
  const step = new Uint32Array(16);
  const block = new Uint8Array(64);
  const words = new Uint32Array(block.buffer);
  step[0] = 512;
  let at = 0;
  for (; at + 64 <= data.length; at += 64) {
    block.set(data.subarray(at, at + 64));
    compress(state, count, words);
    add(count, step);
    add(sum, words);
    if (at % 1048576 === 0) await pause();
  }
  block.fill(0);
  block.set(data.subarray(at));
  block[data.length - at] = 1;
  compress(state, count, words);
  step[0] = 8 * (data.length - at);
  add(count, step);
  add(sum, words);
  compress(state, none, count);
  compress(state, none, sum);
  return hexOf(new Uint8Array(state.buffer).subarray(bits === 256 ? 32 : 0));
}

// --- SHA-2 where there is no Web Crypto ---

function root(value, power) {
  // The whole part of a root of a large number, by Newton's method.
  let x = 1n << BigInt(Math.ceil(value.toString(2).length / power) + 1);
  for (;;) {
    const next = ((BigInt(power) - 1n) * x + value / x ** BigInt(power - 1)) / BigInt(power);
    if (next >= x) return x;
    x = next;
  }
}

function primes(many) {
  const found = [];
  for (let one = 2; found.length < many; one++) {
    if (found.every((prime) => one % prime)) found.push(one);
  }
  return found;
}

// The first 64 bits behind the point of roots of primes (FIPS 180-4, sections 4.2 and 5.3).
const fraction = (prime, power) =>
  BigInt.asUintN(64, root(BigInt(prime) << BigInt(64 * power), power));

function padded(data, size) {
  const length = Math.ceil((data.length + 1 + size / 8) / size) * size;
  const whole = new Uint8Array(length);
  whole.set(data);
  whole[data.length] = 0x80;
  const view = new DataView(whole.buffer);
  view.setBigUint64(length - 8, 8n * BigInt(data.length));
  return view;
}

async function sha256(data) {
  const keys = Uint32Array.from(primes(64), (one) => Number(fraction(one, 3) >> 32n));
  const state = Uint32Array.from(primes(8), (one) => Number(fraction(one, 2) >> 32n));
  const view = padded(data, 64), w = new Uint32Array(64);
  const turn = (x, by) => (x >>> by) | (x << (32 - by));
  for (let at = 0; at < view.byteLength; at += 64) {
    for (let i = 0; i < 16; i++) w[i] = view.getUint32(at + 4 * i);
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15], y = w[i - 2];
      w[i] = w[i - 16] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + w[i - 7] +
        (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) +
        keys[i] + w[i]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) +
        ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((one, i) => { state[i] += one; });
    if (at % 1048576 === 0) await pause();
  }
  return Array.from(state, (one) => one.toString(16).padStart(8, "0")).join("");
}

async function sha512(data, bits) {
  const cut = (x) => BigInt.asUintN(64, x);
  const keys = primes(80).map((one) => fraction(one, 3));
  const state = primes(16).slice(bits === 384 ? 8 : 0).slice(0, 8).map((one) => fraction(one, 2));
  const view = padded(data, 128), w = new BigUint64Array(80);
  const turn = (x, by) => (x >> by) | cut(x << (64n - by));
  for (let at = 0; at < view.byteLength; at += 128) {
    for (let i = 0; i < 16; i++) w[i] = view.getBigUint64(at + 8 * i);
    for (let i = 16; i < 80; i++) {
      const x = w[i - 15], y = w[i - 2];
      w[i] = w[i - 16] + (turn(x, 1n) ^ turn(x, 8n) ^ (x >> 7n)) + w[i - 7] +
        (turn(y, 19n) ^ turn(y, 61n) ^ (y >> 6n));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 80; i++) {
      const one = h + (turn(e, 14n) ^ turn(e, 18n) ^ turn(e, 41n)) + ((e & f) ^ (cut(~e) & g)) +
        keys[i] + w[i];
      const two = (turn(a, 28n) ^ turn(a, 34n) ^ turn(a, 39n)) + ((a & b) ^ (a & c) ^ (b & c));
      h = g; g = f; f = e; e = cut(d + one); d = c; c = b; b = a; a = cut(one + two);
    }
    [a, b, c, d, e, f, g, h].forEach((one, i) => { state[i] = cut(state[i] + one); });
    if (at % 131072 === 0) await pause();
  }
  return state.map((one) => one.toString(16).padStart(16, "0")).join("").slice(0, bits / 4);
}

async function digest(algorithm, data, own = !globalThis.crypto?.subtle) {
  const bits = Number(algorithm.slice(-3));
  if (algorithm.startsWith("Streebog")) return streebog(data, bits);
  if (!own) return hexOf(new Uint8Array(await crypto.subtle.digest(algorithm, data)));
  return bits === 256 ? sha256(data) : sha512(data, bits);
}

// --- which hashes a signature needs: the object identifiers in it (DER) ---

const IDENTIFIERS = {
  "608648016503040201": "SHA-256",
  "608648016503040202": "SHA-384",
  "608648016503040203": "SHA-512",
  "2a830e030a010302": "Streebog-256",
  "2a830e030a010303": "Streebog-512",
  "2a85030701010202": "Streebog-256",
  "2a85030701010203": "Streebog-512",
};

function derOf(bytes) {
  if (bytes[0] === 0x30) return bytes;
  const text = new TextDecoder().decode(bytes).replace(/-----[^-]*-----|data:[^,]*,|\s/g, "");
  try {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (one) => one.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

// The messageDigest attribute: a CMS without it is signed over the document itself.
const MESSAGE_DIGEST = "2a864886f70d010904";

// SignedData: what has none is no CMS. The server says what it is, and any hash that a document was chosen.
const SIGNED_DATA = "2a864886f70d010702";

function algorithmsIn(bytes) {
  const der = Array.from(derOf(bytes), (one) => String.fromCharCode(one)).join("");
  const written = (hex) => String.fromCharCode(6, hex.length / 2, ...bytesOf(hex));
  if (!der.includes(written(SIGNED_DATA))) return ["SHA-256"];
  if (!der.includes(written(MESSAGE_DIGEST))) return [];
  const found = Object.keys(IDENTIFIERS).filter((hex) => der.includes(written(hex)));
  return [...new Set(found.map((hex) => IDENTIFIERS[hex]))];
}

// --- the form ---

const readFile = async (input) => new Uint8Array(await input.files[0].arrayBuffer());

async function fillIn(form, note) {
  const { signature, document: chosen, digests } = form.elements;
  const given = form.dataset.algorithms;
  const wanted = given !== undefined
    ? given.split(" ").filter(Boolean) : algorithmsIn(await readFile(signature));
  if (!wanted.length) {
    // It needs a hash that is not computed here: the reader decides.
    form.dataset.decided = "yes";
    note.textContent = form.dataset.whole;
    return false;
  }
  note.textContent = form.dataset.busy;
  const data = await readFile(chosen);
  const found = [];
  for (const one of wanted) found.push(`${one}:${await digest(one, data)}`);
  digests.value = found.join(" ");
  chosen.disabled = true;
  return true;
}

function showOutcome(shown) {
  for (const one of document.querySelectorAll("[data-outcome]")) one.hidden = !shown;
}

function prepare(form) {
  const note = form.querySelector("[role=status]");
  const { signature, document: chosen, digests } = form.elements;
  form.addEventListener("submit", async (event) => {
    // What stands above is about another file.
    showOutcome(false);
    if (form.dataset.decided || chosen.disabled || !chosen.files.length) return;
    event.preventDefault();
    try {
      if (await fillIn(form, note)) form.submit();
    } catch {
      note.textContent = form.dataset.failed;
    }
  });
  const reset = () => {
    delete form.dataset.decided;
    chosen.disabled = false;
    digests.value = "";
    note.textContent = "";
  };
  form.addEventListener("change", reset);
  addEventListener("pageshow", () => {
    reset();
    showOutcome(true);
  });
}

// On paper nothing can be unfolded.
function unfold() {
  for (const one of document.querySelectorAll("details:not([open])")) {
    one.open = true;
    one.dataset.unfolded = "yes";
  }
}

function fold() {
  for (const one of document.querySelectorAll("details[data-unfolded]")) {
    one.open = false;
    delete one.dataset.unfolded;
  }
}

if (globalThis.document) {
  addEventListener("beforeprint", unfold);
  addEventListener("afterprint", fold);
  document.querySelectorAll("form[data-busy]").forEach(prepare);
}
