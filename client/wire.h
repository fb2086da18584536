/*
 * wire.h
 *		Integers as bytes, big-endian (docs/protocol.md, "Conventions").
 */
#ifndef E2EMSG_WIRE_H
#define E2EMSG_WIRE_H

#include <stdint.h>

static inline void
wire_put_u32(uint8_t out[4], uint32_t value)
{
	out[0] = (uint8_t) (value >> 24);
	out[1] = (uint8_t) (value >> 16);
	out[2] = (uint8_t) (value >> 8);
	out[3] = (uint8_t) value;
}

static inline uint32_t
wire_get_u32(const uint8_t in[4])
{
	return (uint32_t) in[0] << 24 | (uint32_t) in[1] << 16 |
		   (uint32_t) in[2] << 8 | (uint32_t) in[3];
}

#endif /* E2EMSG_WIRE_H */
