/*
 * verdict.c
 *		What this project's code says of tokens and keys, a line each, for
 *		jose.mjs to compare.
 *
 *	verdict KEYS		KEYS is the JWK Set of an identity provider, a file
 *
 * A line of the input is a word and base64url of bytes, parted by spaces:
 *
 *		token TOKEN			a session token; answers with its subject
 *		assertion TOKEN		how users sign in; answers with the payload
 *		provider TOKEN		of the identity provider; with the username
 *		set SET TOKEN		signed with a key of that JWK Set; with the payload
 *		identity JWK		a public key; with its thumbprint
 *		encryption JWK
 *
 * The answer is "good" and base64url of what was found, or "bad".
 */
#include <string.h>

#include <jansson.h>

#include "base64url.h"
#include "jwk.h"
#include "jwks.h"
#include "jws.h"
#include "provider.h"
#include "signature.h"
#include "token.h"

#include "fuzz.h"

#define NOW 1700000100
#define ARGUMENTS 2

/* Bytes of a line's argument, with a NUL behind them. */
struct argument
{
	char *bytes;
	size_t size;
};

static struct provider *provider;

static void
say(const void *bytes, size_t size)
{
	char *text = malloc(base64url_encoded_length(size) + 1);

	base64url_encode_bytes(bytes, size, text);
	text[base64url_encoded_length(size)] = '\0';
	printf("good %s\n", text);
	free(text);
}

static void
say_bad(void)
{
	puts("bad");
}

/* The key of the vectors' attacks. */
static void
judge_token(const struct argument *arguments)
{
	static struct secret secret = {.kid = "not listed"};
	struct token_bearer bearer;

	if (!secret.token_key)
		secret.token_key =
			secret_key((const uint8_t *) "e2emsg-test-secret-32-bytes-long");
	if (token_verify(&secret, arguments[0].bytes, arguments[0].size, NOW,
					 &bearer) == TOKEN_GOOD)
		say(bearer.subject, strlen(bearer.subject));
	else
		say_bad();
}

/* As session.c reads it and the extension verifies it. */
static void
judge_assertion(const struct argument *arguments)
{
	static const struct jws_policy policy = {.alg = "ES256",
											 .signature_size = ES256_SIZE,
											 .typ = "e2emsg-session+jwt",
											 .typ_exact = true};
	static struct jws jws;
	struct jwk key;

	must(base64url_decode_bytes("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
								43, key.x) &&
		 base64url_decode_bytes("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
								43, key.y));
	if (jws_parse(arguments[0].bytes, arguments[0].size, &policy, &jws) &&
		es256_verify(&key, (const uint8_t *) jws.signed_text, jws.signed_size,
					 jws.signature))
		say(jws.payload, jws.payload_size);
	else
		say_bad();
}

static void
judge_provider(const struct argument *arguments)
{
	struct provider_identity identity;
	const char *why;

	if (provider_verify(provider, arguments[0].bytes, arguments[0].size, NOW,
						&identity, &why) == TOKEN_GOOD)
		say(identity.username, strlen(identity.username));
	else
		say_bad();
}

static void
judge_set(const struct argument *arguments)
{
	char problem[JWKS_PROBLEM_SIZE];
	struct jwks *set =
		jwks_parse(arguments[0].bytes, arguments[0].size, problem);
	static uint8_t payload[PROVIDER_TOKEN_MAX];
	size_t size;

	if (set &&
		provider_check_signature(set, arguments[1].bytes, arguments[1].size,
								 payload, &size) == NULL)
		say(payload, size);
	else
		say_bad();
	jwks_free(set);
}

static void
read_member(struct jwk_reader *reader, const char *name, json_t *value)
{
	json_t *op;
	size_t i;

	if (json_is_string(value))
		jwk_read_string(reader, name, strlen(name), json_string_value(value),
						json_string_length(value));
	else
		jwk_read_other(reader, name, strlen(name), json_is_array(value));
	json_array_foreach(value, i, op)
	{
		if (strcmp(name, "key_ops") == 0)
			jwk_read_key_op(reader, json_string_value(op),
							json_string_length(op));
	}
}

static void
judge_key(const struct argument *arguments, enum jwk_purpose purpose)
{
	json_t *object = json_loadb(arguments[0].bytes, arguments[0].size,
								JSON_REJECT_DUPLICATES, NULL);
	uint8_t thumbprint[JWK_THUMBPRINT_SIZE];
	struct jwk_reader reader;
	struct jwk key;
	const char *name;
	json_t *value;

	jwk_read_begin(&reader);
	json_object_foreach(object, name, value)
	{
		read_member(&reader, name, value);
	}
	if (jwk_read_end(&reader, purpose, &key) == NULL)
	{
		jwk_thumbprint(&key, thumbprint);
		say(thumbprint, sizeof(thumbprint));
	}
	else
		say_bad();
	json_decref(object);
}

static void
judge_identity(const struct argument *arguments)
{
	judge_key(arguments, JWK_IDENTITY);
}

static void
judge_encryption(const struct argument *arguments)
{
	judge_key(arguments, JWK_ENCRYPTION);
}

static const struct
{
	const char *word;
	void (*judge)(const struct argument *arguments);
} kinds[] = {{"token", judge_token},	   {"assertion", judge_assertion},
			 {"provider", judge_provider}, {"set", judge_set},
			 {"identity", judge_identity}, {"encryption", judge_encryption}};

/* One line; its arguments are what the parsers get, and no byte more. */
static void
judge_line(char *line)
{
	struct argument arguments[ARGUMENTS] = {{NULL, 0}};
	char *word = strsep(&line, " "), *text;
	size_t count = 0;

	while (count < ARGUMENTS && (text = strsep(&line, " ")) != NULL)
	{
		struct argument *argument = &arguments[count++];

		argument->size = base64url_decoded_length(strlen(text));
		argument->bytes = malloc(argument->size + (argument->size == 0));
		must(base64url_decode_bytes(text, strlen(text),
									(uint8_t *) argument->bytes));
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(word, kinds[i].word) == 0)
			kinds[i].judge(arguments);
	for (size_t i = 0; i < ARGUMENTS; i++)
		free(arguments[i].bytes);
}

int
main(int argc, char **argv)
{
	static struct config config = {.idp_issuer = "https://idp.example",
								   .idp_audience = "e2emsg",
								   .idp_username_claim = "preferred_username"};
	char problem[JWKS_PROBLEM_SIZE];
	char *line = NULL;
	size_t room = 0;

	must(argc == 2 && strlen(argv[1]) < CONFIG_TEXT_SIZE);
	memcpy(config.idp_jwks_file, argv[1], strlen(argv[1]) + 1);
	provider = provider_open(&config, problem);
	must(provider != NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (getline(&line, &room, stdin) > 0)
	{
		line[strcspn(line, "\n")] = '\0';
		judge_line(line);
	}
	free(line);
	provider_close(provider);
	return EXIT_SUCCESS;
}
