// SHA-256 of what arrives in blocks. Browsers offer it only for what is in memory as a whole, and
// only on https. In a worker this file hashes a file that it is sent, a slice at a time.

const BLOCK = 64;
const SLICE = 4 * 1024 * 1024;

// The first 32 bits of the fractional parts of the cube roots, and the square roots, of primes.
const ROUNDS = new Int32Array(64);
const START = new Int32Array(8);
fillConstants();

function fillConstants() {
  for (let candidate = 2, found = 0; found < 64; candidate += 1) {
    if (!isPrime(candidate)) continue;
    if (found < 8) START[found] = fraction(candidate, 2n);
    ROUNDS[found] = fraction(candidate, 3n);
    found += 1;
  }
}

function isPrime(number) {
  for (let divisor = 2; divisor * divisor <= number; divisor += 1) {
    if (number % divisor === 0) return false;
  }
  return true;
}

// Exact, because a floating root has too few digits: the root of the prime times 2^(32 * power).
function fraction(prime, power) {
  const target = BigInt(prime) << (32n * power);
  let low = 0n;
  let high = 1n << 40n;
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** power <= target) low = middle;
    else high = middle;
  }
  return Number(low & 0xffffffffn) | 0;
}

export class Sha256 {
  constructor() {
    this.state = START.slice();
    this.words = new Int32Array(64);
    this.rest = new Uint8Array(BLOCK);
    this.restSize = 0;
    this.size = 0;
  }

  update(bytes) {
    this.size += bytes.length;
    let place = 0;
    if (this.restSize) {
      place = Math.min(BLOCK - this.restSize, bytes.length);
      this.rest.set(bytes.subarray(0, place), this.restSize);
      this.restSize += place;
      if (this.restSize < BLOCK) return this;
      this.#mix(this.rest, 0, BLOCK);
      this.restSize = 0;
    }
    const end = bytes.length - ((bytes.length - place) % BLOCK);
    this.#mix(bytes, place, end);
    this.rest.set(bytes.subarray(end));
    this.restSize = bytes.length - end;
    return this;
  }

  // The digest of all that came, in hexadecimal; nothing may come after it.
  finish() {
    const size = this.size;
    const padding = new Uint8Array(((this.restSize < 56 ? 56 : 120) - this.restSize) + 8);
    padding[0] = 0x80;
    const view = new DataView(padding.buffer);
    view.setUint32(padding.length - 8, Math.floor(size / 0x20000000));
    view.setUint32(padding.length - 4, (size << 3) >>> 0);
    this.update(padding);
    return Array.from(this.state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }

  #mix(bytes, start, end) {
    const w = this.words;
    const s = this.state;
    let s0 = s[0], s1 = s[1], s2 = s[2], s3 = s[3], s4 = s[4], s5 = s[5], s6 = s[6], s7 = s[7];
    for (let place = start; place < end; place += BLOCK) {
      for (let i = 0, p = place; i < 16; i += 1, p += 4) {
        w[i] = (bytes[p] << 24) | (bytes[p + 1] << 16) | (bytes[p + 2] << 8) | bytes[p + 3];
      }
      for (let i = 16; i < 64; i += 1) {
        const x = w[i - 15];
        const y = w[i - 2];
        const mixedX = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
        const mixedY = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
        w[i] = (w[i - 16] + mixedX + w[i - 7] + mixedY) | 0;
      }
      let a = s0, b = s1, c = s2, d = s3, e = s4, f = s5, g = s6, h = s7;
      for (let i = 0; i < 64; i += 1) {
        const turnE = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
        const one = (h + turnE + ((e & f) ^ (~e & g)) + ROUNDS[i] + w[i]) | 0;
        const turnA = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
        const two = (turnA + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        h = g;
        g = f;
        f = e;
        e = (d + one) | 0;
        d = c;
        c = b;
        b = a;
        a = (one + two) | 0;
      }
      s0 = (s0 + a) | 0;
      s1 = (s1 + b) | 0;
      s2 = (s2 + c) | 0;
      s3 = (s3 + d) | 0;
      s4 = (s4 + e) | 0;
      s5 = (s5 + f) | 0;
      s6 = (s6 + g) | 0;
      s7 = (s7 + h) | 0;
    }
    s[0] = s0;
    s[1] = s1;
    s[2] = s2;
    s[3] = s3;
    s[4] = s4;
    s[5] = s5;
    s[6] = s6;
    s[7] = s7;
  }
}

async function hashFile(file) {
  const hash = new Sha256();
  for (let start = 0; start < file.size; start += SLICE) {
    hash.update(new Uint8Array(await file.slice(start, start + SLICE).arrayBuffer()));
    self.postMessage({ done: hash.size });
  }
  return hash.finish();
}

if (typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope) {
  self.onmessage = async ({ data }) => {
    try {
      self.postMessage({ sha256: await hashFile(data) });
    } catch (error) {
      self.postMessage({ error: String(error?.message ?? error) });
    }
  };
}
