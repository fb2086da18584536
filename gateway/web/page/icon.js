// Line drawings of 24 × 24. They decorate: what they mean stands beside
// them in words.
import { s } from './dom.js';

const shapes = {
	lock: ['M6 11h12v9H6z', 'M8.5 11V8a3.5 3.5 0 0 1 7 0v3'],
	unlocked: ['M6 11h12v9H6z', 'M8.5 11V7.5a3.5 3.5 0 0 1 6.8-1.2'],
	verified: ['M12 3l7 2.6v5.2c0 4.6-3 8.2-7 10.2-4-2-7-5.6-7-10.2V5.6z', 'M8.8 12l2.3 2.3 4.2-4.4'],
	warning: ['M12 4.2 21 19.5H3z', 'M12 10v4.4', 'M12 17v.2'],
	key: ['M16 5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9z', 'M12.8 12.7 5 20.5', 'M8 17.5l2.2 2.2'],
	missing: ['M4 6h16v12H4z', 'M4 6l8 7 8-7', 'M3 21 21 3'],
	waiting: ['M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16z', 'M12 7.8V12l2.8 1.8'],
	sent: ['M5 12.8l4.4 4.4L19 7.4'],
	delivered: ['M2.5 12.8l4.2 4.2L15.2 8', 'M11.6 16l1.2 1.2L21.5 8'],
	read: ['M2.5 12S6 5.8 12 5.8 21.5 12 21.5 12 18 18.2 12 18.2 2.5 12 2.5 12z', 'M12 9.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6z'],
	blocked: ['M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16z', 'M6.4 6.4l11.2 11.2'],
	refused: ['M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16z', 'M12 8v5', 'M12 16v.2'],
	send: ['M4 12 20 4.5l-4.6 15-3.8-6.6z', 'M11.6 12.9 20 4.5'],
	back: ['M14.5 5.5 8 12l6.5 6.5'],
	down: ['M6 9.5l6 6 6-6'],
	forward: ['M5 12h14', 'M13 6l6 6-6 6'],
	leave: ['M14 5H6v14h8', 'M11 12h10', 'M17.5 8.5 21 12l-3.5 3.5'],
	remove: ['M5 7h14', 'M9.5 7V4.5h5V7', 'M7 7l.8 12.5h8.4L17 7'],
	more: ['M12 5.6v.1', 'M12 12v.1', 'M12 18.4v.1'],
	person: ['M12 4.5a3.7 3.7 0 1 1 0 7.4 3.7 3.7 0 0 1 0-7.4z', 'M4.8 20c.6-3.7 3.4-5.6 7.2-5.6s6.6 1.9 7.2 5.6'],
	search: ['M10.5 4.5a6 6 0 1 1 0 12 6 6 0 0 1 0-12z', 'M15 15l5 5'],
	copy: ['M9 9h10v11H9z', 'M6 15H5V4h10v2'],
	print: ['M7 9V4h10v5', 'M7 16H4V9h16v7h-3', 'M7 14h10v6H7z'],
	close: ['M6 6l12 12', 'M18 6 6 18'],
	offline: ['M4 9.5a12 12 0 0 1 16 0', 'M7 13a7.5 7.5 0 0 1 10 0', 'M12 17.8v.1', 'M4 3.5l16 17'],
	repeat: ['M5 11V9a3 3 0 0 1 3-3h10', 'M15 3l3 3-3 3', 'M19 13v2a3 3 0 0 1-3 3H6', 'M9 21l-3-3 3-3'],
	swap: ['M4 8h14', 'M15 5l3 3-3 3', 'M20 16H6', 'M9 13l-3 3 3 3'],
	flip: ['M4 12h3l2.5-6 4 12L16 12h4'],
	server: ['M5 4.5h14v6H5z', 'M5 13.5h14v6H5z', 'M8.5 7.5v.1', 'M8.5 16.5v.1'],
	link: ['M10 14a4 4 0 0 0 6 .4l2.5-2.5a4 4 0 0 0-5.6-5.6L11.5 7.7', 'M14 10a4 4 0 0 0-6-.4L5.5 12.1a4 4 0 0 0 5.6 5.6l1.4-1.4'],
};

/** The drawing of a name, for the eye alone. */
export function icon(name) {
	return s('svg', { class: `icon icon-${name}`, viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false' },
		shapes[name].map((d) => s('path', { d })));
}
