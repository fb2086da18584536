#!/bin/sh
# Writes the C that holds the files of web/, for web.c, as they are and with
# gzip.
# usage: embed.sh FOLDER OUT >OUT.c
#
# The bytes are put into OUT/plain and OUT/gzip and come in through the
# assembler's .incbin.  The tables have a hash of each file, its ETag, so the C
# changes whenever a file does.
#
# The pages are made to name their files below the name of this build, a hash
# of all files: a browser keeps those until a page of another build names
# others.
set -eu
folder=$1
out=$2

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
for file in $files; do
	case $file in
		*[!A-Za-z0-9._/-]*) fail "$folder/$file: no name for a URL" ;;
	esac
	# with a build's name before it, what routes.c takes
	[ ${#file} -le 47 ] || fail "$folder/$file: longer than 47 characters"
done
# shellcheck disable=SC2086 # words
build=$(cd "$folder" && sha256sum $files | sha256sum | cut -c1-16)

# imports MODULE: all modules that it needs, the nearest first; an import ends a
# line with "from './FILE';"
imports() {
	# shellcheck disable=SC2046 # words
	(cd "$folder" && awk -v module="$1" '
		/^(import|export|}) .*from \047\..*\047;$/ {
			path = FILENAME
			sub(/[^\/]*$/, "", path)
			sub(/^.*from \047(\.\/)?/, "")
			sub(/\047;$/, "")
			path = path $0
			while (sub(/[^\/]+\/\.\.\//, "", path))
				;
			needs[FILENAME] = needs[FILENAME] " " path
		}
		END {
			found[module]
			queue[count = 1] = module
			for (i = 1; i <= count; i++) {
				size = split(needs[queue[i]], paths)
				for (j = 1; j <= size; j++)
					if (!(paths[j] in found)) {
						found[paths[j]]
						queue[++count] = paths[j]
						print paths[j]
					}
			}
		}' $(echo "$files" | grep '\.js$'))
}

# page FILE: as it is served.  It also names the modules that its script needs,
# or a browser would have to read one to learn of the next.
page() {
	while IFS= read -r line; do
		case $line in
			'<script type="module" src="/web/'*)
				module=${line#*/web/}
				imports "${module%%\"*}" | sed 's,.*,<link rel="modulepreload" href="/web/&">,'
				;;
		esac
		printf '%s\n' "$line"
	done <"$folder/$1" | sed -E "/^<(link|script) /s,\"/web/,&$build/,"
}

# put FILE: into both folders
put() {
	mkdir -p "$out/plain/$(dirname "$1")" "$out/gzip/$(dirname "$1")"
	case $1 in
		*.html) page "$1" ;;
		*) cat "$folder/$1" ;;
	esac >"$out/plain/$1"
	gzip -9nc "$out/plain/$1" >"$out/gzip/$1"
}

# include NAME FILE: the bytes between NAME and NAME_end
include() {
	printf '\t"%s: .incbin \\"%s\\"\\n"\n\t"%s_end: .byte 0\\n"\n' "$1" "$2" "$1"
}

# table NAME KIND ENCODING
table() {
	echo "const struct web_file web_$1[] = {"
	i=0
	for file in $files; do
		hash=$(sha256sum "$out/$2/$file" | cut -c1-32)
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
	put "$file"
	include "files_$number" "$out/plain/$file"
	include "packed_$number" "$out/gzip/$file"
	number=$((number + 1))
done
echo '	".previous");'
i=0
while [ "$i" -lt "$number" ]; do
	echo "extern const unsigned char files_${i}[], files_${i}_end[], packed_${i}[], packed_${i}_end[];"
	i=$((i + 1))
done
echo "const char web_build[] = \"$build\";"
table files plain 0
table packed gzip '"gzip"'
