/** Whether digits are a payment card number: an issuer's prefix and length, and Luhn's check digit (ISO/IEC 7812-1). */
export function isCardNumber(digits: string): boolean {
  return hasIssuer(digits) && hasCheckDigit(digits);
}

function hasIssuer(digits: string): boolean {
  const four = Number(digits.slice(0, 4));
  const two = Math.floor(four / 100);
  if (digits.length === 15) return two === 34 || two === 37;
  if (digits.length === 14) return two === 36 || two === 38 || (four >= 3000 && four <= 3059);
  if (digits.length !== 16) return false;
  return (
    digits.startsWith('4') ||
    (two >= 51 && two <= 55) ||
    (four >= 2221 && four <= 2720) ||
    four === 6011 ||
    two === 65 ||
    (four >= 6440 && four <= 6499) ||
    (four >= 3528 && four <= 3589) ||
    two === 62
  );
}

function hasCheckDigit(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    const doubled = i % 2 === 1 ? 2 * digit : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
