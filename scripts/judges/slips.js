// Judges a folder of slips: for each NAME.bin another program's parser must find
// the lines and codes of NAME.txt, iconv must give the same bytes for each line,
// and zbarimg must read the code of NAME.png.
//
//   node slips.js FOLDER
'use strict';
const fs = require('fs');
const path = require('path');
const {execFileSync} = require('child_process');
const npos = require('npos');
const iconv = require('iconv-lite');

const GS = 0x1d;
const folder = process.argv[2];
const names = fs.readdirSync(folder).filter(f => f.endsWith('.bin')).map(f => f.slice(0, -4)).sort();
const parser = npos.parser();
parser.rules[GS]['(k'] = parser.rules[GS]['(H']; // newer than the parser: length, then data
const faults = [];
const fail = (name, what) => faults.push(`${name}: ${what}`);
const count = {slips: 0, lines: 0, codes: 0, pictures: 0};

// What a slip's text says: no blank lines, no places within a line's width.
const said = text => text.split('\n').map(l => l.trim()).filter(l => l && !l.startsWith('- - - -'));

function decode(raw) {
	const ast = parser.analyze(raw);
	if (ast.error) throw ast.error;
	let text = '';
	for (const n of ast.tree) {
		const bytes = raw.subarray(n.offset, n.offset + n.length);
		if (n.ascii === 'STX') {
			text += iconv.decode(bytes, 'gb18030');
		} else if (n.ascii === 'ESC' && n.fn === 'J') { // prints and feeds
			text += '\n';
		} else if (n.ascii === 'GS' && n.fn === '(k' && bytes[5] === 0x31 && bytes[6] === 0x50) {
			text += `\n[QR ${bytes.subarray(8).toString('latin1')}]\n`;
			count.codes++;
		}
	}
	return said(text);
}

const lines = new Map(); // line: slips that it stands on
for (const name of names) {
	count.slips++;
	const raw = fs.readFileSync(path.join(folder, name + '.bin'));
	const want = said(fs.readFileSync(path.join(folder, name + '.txt'), 'utf8'));
	const got = decode(raw);
	count.lines += got.length;
	if (got.join('\n') !== want.join('\n')) {
		const i = want.findIndex((l, n) => l !== got[n]);
		fail(name, `line ${i + 1} is read as ${JSON.stringify(got[i])}, wanted ${JSON.stringify(want[i])}`);
	}
	for (const l of want.filter(l => !l.startsWith('[QR '))) lines.set(l, [...(lines.get(l) || []), raw]);
}

const all = [...lines.keys()];
const encoded = execFileSync('iconv', ['-f', 'UTF-8', '-t', 'GB18030'], {input: all.join('\n'), maxBuffer: 1 << 28});
for (let from = 0, i = 0; i < all.length; i++) {
	let to = encoded.indexOf(0x0a, from); // no byte of a character is below 30
	if (to < 0) to = encoded.length;
	const line = encoded.subarray(from, to);
	if (!lines.get(all[i]).every(raw => raw.includes(line))) fail('iconv', `other bytes for ${all[i]}`);
	from = to + 1;
}

const pictures = names.filter(n => fs.existsSync(path.join(folder, n + '.png')));
for (let i = 0; i < pictures.length; i += 50) {
	const files = pictures.slice(i, i + 50).map(n => path.join(folder, n + '.png'));
	let xml;
	try {
		xml = execFileSync('zbarimg', ['--quiet', '--xml', ...files], {encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore']});
	} catch (e) {
		xml = e.stdout || ''; // it fails when one of them has no code
	}
	const read = new Map();
	for (const [, href, body] of xml.matchAll(/<source href='([^']*)'>(.*?)<\/source>/gs)) {
		read.set(href, [...body.matchAll(/<!\[CDATA\[(.*?)\]\]>/gs)].map(m => m[1]));
	}
	for (const file of files) {
		const name = path.basename(file, '.png');
		const want = fs.readFileSync(path.join(folder, name + '.txt'), 'utf8').match(/^\[QR (.*)\]$/m)[1];
		const got = read.get(file) || [];
		if (got.length !== 1 || got[0] !== want) fail(name, `zbarimg reads ${JSON.stringify(got)}, wanted ${want}`);
		count.pictures++;
	}
}

console.log(`npos read ${count.slips} slips: ${count.lines} lines, ${count.codes} codes; iconv gave the bytes of ${all.length} lines; zbarimg read ${count.pictures} codes`);
for (const f of faults.slice(0, 20)) console.log('WRONG', f);
if (faults.length) console.log(`${faults.length} wrong`);
process.exit(faults.length || !count.slips || !count.pictures ? 1 : 0);
