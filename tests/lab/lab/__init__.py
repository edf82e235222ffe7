"""The lab: a small virtualization host in namespaces, with real guests, faults and a ground truth of its own."""
