"""Which names of cameras are those of programs that make pictures, by the pages' own module."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NODE = shutil.which("node", path=f"{os.environ['PATH']}{os.pathsep}{ROOT / '.venv' / 'bin'}")
ASK = """
const { isVirtualCamera } = await import(process.argv[1]);
const labels = JSON.parse(process.argv[2]);
console.log(JSON.stringify(labels.filter((label) => isVirtualCamera(label))));
"""

PROGRAMS = [
    "OBS Virtual Camera", "OBS-Camera", "OBS Virtual Camera (m-de:vice)", "ManyCam Virtual Webcam",
    "XSplit VCam", "XSplitBroadcaster", "Snap Camera", "SplitCam Video Driver", "CamTwist",
    "YouCam", "Dummy video device (0x0000)", "mmhmm Camera", "Camera (NVIDIA Broadcast)",
    "Caméra virtuelle", "Zoom Virtual Camera", "v4l2loopback", "AlterCam", "DeepLive camera",
]  # fmt: skip
CAMERAS = [
    "", "Integrated Camera (04f2:b6d9)", "FaceTime HD Camera", "HD Pro Webcam C920 (046d:082d)",
    "Front Camera", "Caméra avant", "Back Dual Wide Camera", "camera2 1, facing front",
    "USB2.0 HD UVC WebCam", "Logitech BRIO", "Surface Camera Front", "Jobsite cam", "iPhone de Zoé",
]  # fmt: skip


@pytest.mark.row("CO-14")
def test_programs_are_known_by_their_names_and_real_cameras_are_left_alone() -> None:
    if NODE is None:
        pytest.skip("needs node")
    module = (ROOT / "web-client" / "capture.js").as_uri()

    done = subprocess.run(
        [NODE, "--input-type=module", "-e", ASK, module, json.dumps(PROGRAMS + CAMERAS)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == PROGRAMS
