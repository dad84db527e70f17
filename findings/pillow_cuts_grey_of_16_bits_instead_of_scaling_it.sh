#!/bin/sh
# Pillow 13.0.0: convert("L") of a picture with 16 bits of grey ("I;16", as PNG files of scanners and of medicine have)
# cuts each value at 255 and does not scale it to 8 bits: nearly everything comes out white. One quarter of full
# brightness (16384 of 65535), which is 64 in 8 bits, comes out as 255.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check Pillow==13.0.0
cat > "$folder/grey.py" <<'PY'
import sys
from io import BytesIO

from PIL import Image

kept = BytesIO()
Image.new("I;16", (2, 2), 16384).save(kept, "PNG")
picture = Image.open(kept)
seen = picture.mode, picture.getpixel((0, 0)), picture.convert("L").getpixel((0, 0))
print(seen)
sys.exit(0 if seen == ("I;16", 16384, 255) else "This has changed.")
PY
"$folder/venv/bin/python" "$folder/grey.py"
