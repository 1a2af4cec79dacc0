#!/bin/sh
# Puts the console's library for charts in place, as it was published, with its licence.
# Usage: vendor.sh, from the top of the project; needs npm. What it writes is committed.
set -eu
name=uplot
version=1.6.32
sha512=2883159c6ebccefbb95d751b0b82d010f9e1c0ec41b8bc96d401eda66e882935c89a46cb824332fa369b8cb8122cc6ac36e186cd09bf7a9ded3a4c93c6989023
target=chalicelib/console/assets

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm pack --silent --pack-destination "$folder" "$name@$version" >/dev/null
archive="$folder/$name-$version.tgz"
found=$(python -c 'import hashlib, sys; print(hashlib.sha512(open(sys.argv[1], "rb").read()).hexdigest())' "$archive")
if [ "$found" != "$sha512" ]; then
  echo "$name $version is not what it was when it was chosen: its SHA-512 is $found." >&2
  exit 1
fi
tar -xzf "$archive" -C "$folder"
cp "$folder/package/dist/uPlot.iife.min.js" "$target/uplot.js"
cp "$folder/package/dist/uPlot.min.css" "$target/uplot.css"
cp "$folder/package/LICENSE" "$target/uplot-license.txt"
echo "$name $version is in $target."
