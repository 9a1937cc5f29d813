// Writes numbers with stdnum's verdict on each, one a line: kind, number, true or
// false. They are made up from a fixed seed; half of them are then spoilt.
//
//   node numbers.js >FILE
'use strict';
const {stdnum} = require('stdnum');
const {luhnChecksumValidate} = require('stdnum/lib/cjs/util/checksum');

let state = 20261124;
const rand = n => { // xorshift: the same numbers on every machine
	state ^= state << 13;
	state ^= state >>> 17;
	state ^= state << 5;
	return (state >>> 0) % n;
};
const pick = s => s[rand(s.length)];
const some = (n, of) => Array.from({length: n}, () => pick(of)).join('');
const two = n => String(n).padStart(2, '0');
const digits = '0123456789';
const letters = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const place = () => pick(['310107', '310101', '110105', '440305', '330106']);

const kinds = {
	identity: {
		make: () => place() + (1940 + rand(80)) + two(1 + rand(12)) + two(1 + rand(31)) + some(3, digits),
		ends: digits + 'X',
		valid: s => stdnum.CN.ric.validate(s).isValid,
	},
	credit: {
		make: () => '91' + place() + some(9, letters),
		ends: letters,
		valid: s => stdnum.CN.uscc.validate(s).isValid,
	},
	card: {
		make: () => pick(['62', '60', '68']) + some(13 + rand(4), digits),
		ends: digits,
		valid: s => luhnChecksumValidate(s),
	},
};

// Where the weighted sum is a multiple of 31, stdnum takes no end at all; GB 32100
// says 0 there. Such numbers are left out.
const decided = (kind, s) => kind !== 'credit' || [...letters].some(c => kinds[kind].valid(s.slice(0, -1) + c));

for (const [kind, k] of Object.entries(kinds)) {
	for (let i = 0; i < 4000; i++) {
		const body = k.make();
		let number = [...k.ends].map(c => body + c).find(k.valid) || body + pick(k.ends);
		if (i % 2) {
			const at = rand(number.length);
			number = number.slice(0, at) + pick(k.ends.replace('X', '') || digits) + number.slice(at + 1);
		}
		if (decided(kind, number)) console.log(`${kind}\t${number}\t${k.valid(number)}`);
	}
}
