#!/bin/sh
# Writes the C that holds the files of web/, for web.c, as they are and with
# gzip.
# usage: embed.sh FOLDER PACKED >OUT.c
#
# The compressed ones are put into PACKED.  The bytes come in through the
# assembler's .incbin.  The tables have a hash of each file, its ETag, so the C
# changes whenever a file does.
set -eu
folder=$1
packed=$2

fail() {
	echo "embed.sh: $*" >&2
	exit 1
}

type_of() {
	case $1 in
		*.html) echo 'text/html; charset=utf-8' ;;
		*.js) echo 'text/javascript; charset=utf-8' ;;
		*.css) echo 'text/css; charset=utf-8' ;;
		*.json) echo 'application/json' ;;
		*.webmanifest) echo 'application/manifest+json' ;;
		*.svg) echo 'image/svg+xml' ;;
		*.png) echo 'image/png' ;;
		*.d.ts | LICENSE | */LICENSE) echo 'text/plain; charset=utf-8' ;;
		*) fail "$folder/$1: no content type for it" ;;
	esac
}

# "find" goes by the folder's order, which differs between machines.
files=$(cd "$folder" && find . -type f ! -name '.*' ! -name '*~' ! -name '*.md' \
	! -name package.json | sed 's,^\./,,' | LC_ALL=C sort)
[ -n "$files" ] || fail "$folder has no files"

# include NAME FILE: the bytes between NAME and NAME_end
include() {
	printf '\t"%s: .incbin \\"%s\\"\\n"\n\t"%s_end: .byte 0\\n"\n' "$1" "$2" "$1"
}

# table NAME FOLDER ENCODING
table() {
	echo "const struct web_file web_$1[] = {"
	i=0
	for file in $files; do
		hash=$(sha256sum "$2/$file" | cut -c1-32)
		printf '\t{"%s", "%s", "\\"%s\\"", %s, %s_%d, %s_%d_end},\n' "$file" "$(type_of "$file")" \
			"$hash" "$3" "$1" "$i" "$1" "$i"
		i=$((i + 1))
	done
	echo '	{0}};'
}

cat <<'EOF'
/* Made by embed.sh. */
#include "web.h"

__asm__(".section .rodata\n"
EOF
number=0
for file in $files; do
	case $file in
		*[!A-Za-z0-9._/-]*) fail "$folder/$file: no name for a URL" ;;
	esac
	[ ${#file} -le 64 ] || fail "$folder/$file: longer than 64 characters"
	mkdir -p "$packed/$(dirname "$file")"
	gzip -9nc "$folder/$file" >"$packed/$file"
	include "files_$number" "$folder/$file"
	include "packed_$number" "$packed/$file"
	number=$((number + 1))
done
echo '	".previous");'
i=0
while [ "$i" -lt "$number" ]; do
	echo "extern const unsigned char files_${i}[], files_${i}_end[], packed_${i}[], packed_${i}_end[];"
	i=$((i + 1))
done
table files "$folder" 0
table packed "$packed" '"gzip"'
