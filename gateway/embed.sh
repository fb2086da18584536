#!/bin/sh
# Writes the C that holds the files of web/, for web.c.
# usage: embed.sh FOLDER >OUT.c
#
# The bytes come in through the assembler's .incbin.  The table has a hash of
# each file, its ETag, so the C changes whenever a file does.
set -eu
folder=$1

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
	printf '\t"web_%d: .incbin \\"%s/%s\\"\\n"\n\t"web_%d_end: .byte 0\\n"\n' \
		"$number" "$folder" "$file" "$number"
	number=$((number + 1))
done
echo '	".previous");'
i=0
while [ "$i" -lt "$number" ]; do
	echo "extern const unsigned char web_${i}[], web_${i}_end[];"
	i=$((i + 1))
done
echo 'const struct web_file web_files[] = {'
i=0
for file in $files; do
	type=$(type_of "$file")
	hash=$(sha256sum "$folder/$file" | cut -c1-32)
	printf '\t{"%s", "%s", "\\"%s\\"", web_%d, web_%d_end},\n' "$file" "$type" "$hash" "$i" "$i"
	i=$((i + 1))
done
echo '	{0}};'
