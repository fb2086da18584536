// Keys of the differential test.  They are public: no use but this one.
import { createHmac, createPrivateKey, sign } from 'node:crypto';

export const HS256_SECRET = Buffer.from('e2emsg-test-secret-32-bytes-long'); // of test/vectors/jose
export const HS256_KID = 'not listed';

// RFC 7515 A.3
const ec = { kty: 'EC', crv: 'P-256', x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
	y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0', d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI' };
const rsa = {
	kty: 'RSA',
	n: 'kMHJyhYRV-5Yf56ItKp5L29-Rk5F1-zfGVm4xYfqc_-EKtv4InN4C3ykpXNTPplriQq5fWxtdU5xiRuyRK9rUcd2exD0lV6bXn9H' +
		'8xTnlKeTMKm4qRx520ugbneoPgoRyLRQu5wdoP6Xvsn1nMKpSkeG0xzjP_KDrhOov3cJGf6myT2Fk8TNERhJGpxdQqmfz1kM9yM7' +
		'8Kg5z6xww00xhJb9vWOKI0p2TPdgG_rNxAFfK6u5xOfTmCbrAacnq5TxYk-DU6wmta88vXXoyYYDhYVcyc-yMVc_f-PTlwwFZ5cP' +
		'VBpQiFFe7DuQhefaZBG0mJXFDSYTamJPou_DBAZuDQ',
	e: 'AQAB',
	d: 'CzFo1H7zVVzBLBEKmgmqeDADUBViUilnMNMetetmBhUmV5gNrkBGcoDvTDnIIImFZqHVKO0W46Cup77kAGqd_kNRln9_ogMgOWTX' +
		'H-UoaPayK2ucMztX8sx8ub333OAzctT6fx85rUayXhbIrpfgtjUkqDNOIRYz92RewntGUWOhJaAXiuuCrTvxJdDCy6VPeBOtAxig' +
		'609-SBlgVSRDjht51EUBTGeZ7BemPPUlOnsq2S6N3lFoyRZnhGi0pBd2qW3bYM5WJ-kYGEC2uPFLBqIumiLEHyXj7CNESJBkrKXz' +
		'4PfJtuGeRMDRmUKKPqZUplEmlNG9Im0iBJgRHSaaEw',
	p: 'wUSazq2_PXnnKGE5qFq2f7Ipp-fI3uKZNjPTDLjUR2RuCh30j8MuDLJu3WS2NQ0gIX5H2LZkTQyNlBw4iSmxaFormB5I_tmuAAVQ' +
		'bOYtcltA279U9Y4i7nU3Fg1ftcekMZWemUWpV7mvYTm6SKeuC_4gt9X4-_ZYJvMFc8MvOrs',
	q: 'v742zKvSgfA5UVWxYgK-gVD76ZSJXqY5Kq4HFng3wvsNjIDNfminUg1uzjWrfgjTSAQPCBabng_FDrcld3EjBgtFf2uOmmWAkUtQ' +
		'px-jb7Nc6ukec-VbafiN9CGL6rz9eT4VVPgTMcpmewUkhr0XvXwuiJt2pe5UjK0U_J6-Idc',
	dp: 'wSisADyukeawHS9uzNA87ctGzsVdgUXAEugg2uovX1sEj5_4uWY9M_txylvJr6P6pP7tF67S-B6_sXOzHYNKCB12zIYYNn2g5exp' +
		'wS0b5ttFK1tCsljomKMV9zhOnAN4GwaKiG2THlY67lUf1VWhIeNPF-0G9-vxlpv0qwo8vdk',
	dq: 'aqL_FxT4Hgvb1MAzxq6ABKtlbqKNQ3ZulK30gyqY2HeHMXzwzDyn0Zpm5YgzuARwfLzFH1pzcZSTo3t3-tWRBOt_2z2WMYgB2Mxq' +
		'LogJ_TVjl8HOjeYg0O7LA9skVYiF78f3VSoigq5uEDzr84N2kItf1dmgQugpXZNk-JnQZEE',
	qi: 'Y63l5pi8_j0isBqP8x5bp1sJwnJtru70X5vwolaN2u1YNMqjXuQzIwoBryzUz21bJZSpoTOP8MPkbETrby-_-wceNDVOa-cwp5sc' +
		'VS86BVX4y1DgqN5QIiJNG4VqjZ-XEnu2JtMYLwdknAGlL6nJuc-024yWob5S0XzZzHHxzxU',
};

const withoutPrivate = ({ kty, crv, x, y, n, e }) => JSON.parse(JSON.stringify({ kty, crv, x, y, n, e }));
export const ecPublic = withoutPrivate(ec);
export const rsaPublic = withoutPrivate(rsa);
export const ecPrivate = ec;

const signers = { ES256: createPrivateKey({ key: ec, format: 'jwk' }), RS256: createPrivateKey({ key: rsa, format: 'jwk' }) };

// The bytes of a signature of that kind.
export function signature(alg, text) {
	if (alg === 'HS256') return createHmac('sha256', HS256_SECRET).update(text).digest();
	return sign('sha256', Buffer.from(text), { key: signers[alg], dsaEncoding: 'ieee-p1363' });
}

// A MAC with a public key as secret, the oldest trick.
export const confused = (text) => createHmac('sha256', JSON.stringify(ecPublic)).update(text).digest();
