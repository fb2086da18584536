// A text as a QR code: one SVG path of black squares.
import { encode } from '../vendor/uqr/uqr.js';
import { s } from './dom.js';

const quietZone = 4;

export function qrCode(text, label) {
	const { data, size } = encode(text, { border: quietZone, ecc: 'M' });
	const squares = [];

	data.forEach((row, y) => row.forEach((dark, x) => dark && squares.push(`M${x} ${y}h1v1h-1z`)));
	return s('svg', { class: 'qr', viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': label, 'shape-rendering': 'crispEdges' },
		s('rect', { class: 'qr-paper', width: size, height: size }), s('path', { class: 'qr-ink', d: squares.join('') }));
}
