// Signatures: RFC 8032's vectors, agreement with another implementation, and the forms that must be refused although some libraries accept them.
import { createHash } from "node:crypto";
import { ED25519_TORSION_SUBGROUP, ed25519 } from "@noble/curves/ed25519.js";
import { describe, expect, it } from "vitest";
import { fromHex, toHex, utf8 } from "../../../src/base/index.ts";
import {
  isPublicKey,
  keyPairFromSecret,
  sha256,
  verifyAhead,
  verifying,
  verifySignature,
} from "../../../src/crypto/index.ts";

const bytes = (hex: string): Uint8Array => fromHex(hex) as Uint8Array;
const L = ed25519.Point.Fn.ORDER;
const P = ed25519.Point.Fp.ORDER;

/** RFC 8032, section 7.1, tests 1 to 3: secret, public key, message, signature. */
const RFC: readonly (readonly [string, string, string, string])[] = [
  [
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "",
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  ],
  [
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  ],
  [
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    "af82",
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  ],
];

const toLittle = (value: bigint): Uint8Array => bytes(value.toString(16).padStart(64, "0")).reverse();
const fromLittle = (value: Uint8Array): bigint => BigInt(`0x${toHex(Uint8Array.from(value).reverse())}`);

/** The control: a lenient, standard verifier (ZIP 215) that accepts what our rules must refuse. */
const lax = (address: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
  ed25519.verify(signature, message, address, { zip215: true });

describe("ed25519", () => {
  it.each(RFC)("RFC 8032, secret %s", (secret, address, message, signature) => {
    const key = keyPairFromSecret(bytes(secret));
    expect(toHex(key.address)).toBe(address);
    expect(toHex(key.sign(bytes(message)))).toBe(signature);
    expect(verifySignature(bytes(address), bytes(message), bytes(signature))).toBe(true);
    expect(verifySignature(bytes(address), bytes(`${message}00`), bytes(signature))).toBe(false);
  });

  it("agrees with noble on keys, signatures and refusals", () => {
    for (let i = 0; i < 40; i++) {
      const secret = sha256(utf8(`secret ${i}`));
      const message = sha256(utf8(`message ${i}`)).subarray(0, i % 33);
      const key = keyPairFromSecret(secret);
      expect(Uint8Array.from(key.address)).toEqual(ed25519.getPublicKey(secret));
      const signature = key.sign(message);
      expect(signature).toEqual(ed25519.sign(message, secret));
      const bad = Uint8Array.from(signature);
      bad[i] = (bad[i] as number) ^ (1 << (i % 8));
      for (const candidate of [signature, bad]) {
        const strict = ed25519.verify(candidate, message, key.address, { zip215: false });
        expect(verifySignature(key.address, message, candidate)).toBe(strict);
      }
    }
  });

  it("refuses a signature whose S is not reduced", () => {
    const key = keyPairFromSecret(sha256(utf8("s")));
    const message = utf8("message");
    const signature = key.sign(message);
    const malleated = Uint8Array.from(signature);
    malleated.set(toLittle(fromLittle(signature.subarray(32)) + L), 32);
    expect(verifySignature(key.address, message, signature)).toBe(true);
    expect(verifySignature(key.address, message, malleated)).toBe(false);
    const top = Uint8Array.from(signature);
    top.set(toLittle(L), 32);
    expect(verifySignature(key.address, message, top)).toBe(false);
  });

  it("refuses keys of small order, under which one signature fits every message", () => {
    const signature = new Uint8Array(64);
    const r = 12345n;
    signature.set(ed25519.Point.BASE.multiply(r).toBytes());
    signature.set(toLittle(r), 32);
    const identity = bytes(`01${"00".repeat(31)}`);
    // The control: without our rule the forgery passes, for any message.
    expect(lax(identity, utf8("pay me"), signature)).toBe(true);
    expect(lax(identity, utf8("pay me more"), signature)).toBe(true);
    expect(verifySignature(identity, utf8("pay me"), signature)).toBe(false);
    for (const point of ED25519_TORSION_SUBGROUP) expect(isPublicKey(bytes(point))).toBe(false);
  });

  it("refuses an R of small order, on which versions of Node disagree", () => {
    const secret = sha256(utf8("r"));
    const { address } = keyPairFromSecret(secret);
    const { scalar } = ed25519.utils.getExtendedPublicKey(secret);
    const message = utf8("message");
    for (const point of ED25519_TORSION_SUBGROUP) {
      const R = bytes(point);
      const k = fromLittle(createHash("sha512").update(R).update(address).update(message).digest()) % L;
      const signature = new Uint8Array(64);
      signature.set(R);
      signature.set(toLittle((k * scalar) % L), 32);
      expect(lax(address, message, signature)).toBe(true);
      expect(verifySignature(address, message, signature)).toBe(false);
    }
  });

  it("follows the equation without cofactor for keys of mixed order, on which libraries disagree", () => {
    const message = utf8("message");
    const [a, r] = [123456789n, 987654321n];
    const torsion = ED25519_TORSION_SUBGROUP.map((point) => ed25519.Point.fromHex(point));
    let [accepted, lenient] = [0, 0];
    for (const t of torsion)
      for (const u of torsion) {
        const A = ed25519.Point.BASE.multiply(a).add(t);
        const R = ed25519.Point.BASE.multiply(r).add(u);
        const k = fromLittle(createHash("sha512").update(R.toBytes()).update(A.toBytes()).update(message).digest()) % L;
        const S = (r + k * a) % L;
        const signature = new Uint8Array(64);
        signature.set(R.toBytes());
        signature.set(toLittle(S), 32);
        const equation = ed25519.Point.BASE.multiply(S).subtract(A.multiply(k)).equals(R);
        expect(verifySignature(A.toBytes(), message, signature)).toBe(equation);
        if (equation) accepted++;
        if (lax(A.toBytes(), message, signature)) lenient++;
      }
    expect(lenient).toBe(64);
    expect(accepted).toBeLessThan(64);
  });

  it("refuses keys that are not in canonical form, and things that are no keys", () => {
    const key = keyPairFromSecret(sha256(utf8("k")));
    expect(isPublicKey(key.address)).toBe(true);
    for (let y = 3n; y < 19n; y++) {
      expect(isPublicKey(toLittle(y))).toBe(true);
      expect(isPublicKey(toLittle(y + P))).toBe(false);
      expect(isPublicKey(toLittle(y + P + 2n ** 255n))).toBe(false);
    }
    expect(isPublicKey(key.address.subarray(1))).toBe(false);
    expect(verifySignature(new Uint8Array(0), utf8("m"), key.sign(utf8("m")))).toBe(false);
    expect(verifySignature(key.address, utf8("m"), new Uint8Array(63))).toBe(false);
    // y = 2 is on no point of the curve.
    expect(verifySignature(toLittle(2n), utf8("m"), key.sign(utf8("m")))).toBe(false);
  });

  it("verifies ahead what it then remembers, gives the same answers, and remembers nothing that is bad", async () => {
    const key = keyPairFromSecret(sha256(utf8("ahead")));
    const signed = Array.from({ length: 24 }, (_, i) => {
      const message = sha256(utf8(`ahead ${i}`));
      const signature = key.sign(message);
      // Bits of R, of S and of S's top, where its form is wrong.
      if (i % 3 === 1) signature[i] = (signature[i] as number) ^ 1;
      if (i % 3 === 2) signature[63] = 0xff;
      return { address: key.address, message, signature };
    });
    const short = { address: new Uint8Array(3), message: utf8("m"), signature: new Uint8Array(5) };
    const under = verifyAhead([...signed, short]);
    expect(verifying()).toBeGreaterThan(0);
    await under;
    expect(verifying()).toBe(0);
    const good = signed.filter((_, i) => i % 3 === 0);
    expect(verifyAhead(good)).toBeUndefined();
    expect(verifyAhead(signed.slice(1, 2))).toBeInstanceOf(Promise);
    for (const one of signed) expect(verifySignature(one.address, one.message, one.signature)).toBe(good.includes(one));
  });

  it("wants a secret of 32 bytes", () => {
    expect(() => keyPairFromSecret(new Uint8Array(31))).toThrow(/32 bytes/);
  });
});
