"""What packages of others read in files written here: the same voxels in the same places.
usage: convert-by_python.py CT.nii.gz LABELS.nii.gz SEG.dcm SURFACE.stl SLICE.dcm LABEL"""
import sys

import meshio
import nibabel
import numpy
import pydicom

ct_path, labels_path, seg_path, surface_path, slice_path, label = sys.argv[1:]
labels_image = nibabel.load(labels_path)
labels = numpy.asarray(labels_image.dataobj)  # [x][y][z]
to_lps = numpy.diag([-1, -1, 1, 1]) @ labels_image.affine  # nibabel speaks RAS

seg = pydicom.dcmread(seg_path)
assert seg.SOPClassUID.name == "Segmentation Storage"
assert not seg.PatientName and not seg.PatientID and not seg.PatientBirthDate
frames = seg.pixel_array
assert frames.shape == (seg.NumberOfFrames, labels.shape[1], labels.shape[0])
numbers = {s.SegmentNumber: s.SegmentLabel for s in seg.SegmentSequence}
values = [int(v) for v in numpy.unique(labels) if v]
assert sorted(numbers) == list(range(1, len(values) + 1))
orientation = [float(v) for v in seg.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0].ImageOrientationPatient]
assert numpy.allclose(orientation, [1, 0, 0, 0, 1, 0], atol=1e-6)
rebuilt = numpy.zeros_like(labels)
for frame, group in zip(frames, seg.PerFrameFunctionalGroupsSequence):
    position = [float(v) for v in group.PlanePositionSequence[0].ImagePositionPatient]
    index = numpy.linalg.inv(to_lps) @ numpy.array(position + [1])
    assert numpy.allclose(index[:2], 0, atol=1e-3)  # NIfTI keeps its matrix in float
    k = int(round(index[2]))
    value = values[group.SegmentIdentificationSequence[0].ReferencedSegmentNumber - 1]
    rebuilt[:, :, k][frame.T > 0] = value
assert (rebuilt == labels).all(), "segmentation: %d voxels differ" % (rebuilt != labels).sum()

ct = nibabel.load(ct_path)
assert ct.shape == labels.shape and numpy.allclose(ct.affine, labels_image.affine)
slice_ = pydicom.dcmread(slice_path)
assert seg.StudyInstanceUID == slice_.StudyInstanceUID and seg.FrameOfReferenceUID == slice_.FrameOfReferenceUID
hu = slice_.pixel_array * slice_.RescaleSlope + slice_.RescaleIntercept
assert (hu.T == numpy.asarray(ct.dataobj)[:, :, 0]).all(), "the first slice differs"

mesh = meshio.read(surface_path)
triangles = mesh.cells_dict["triangle"]
a, b, c = (mesh.points[triangles[:, i]].astype(float) for i in range(3))
enclosed = abs(numpy.einsum("ij,ij->i", a, numpy.cross(b, c)).sum() / 6)
counted = (labels == int(label)).sum() * abs(numpy.linalg.det(labels_image.affine[:3, :3]))
# the surface at half level cuts the corners of the voxels: a rod of 19 voxels across loses under 5 %
assert 0.95 < enclosed / counted < 1.0, (enclosed, counted)
print("same voxels: %d frames, %d labels; surface %.1f of %.1f mm3" % (len(frames), len(values), enclosed, counted))
