// What of a .proto file matters on the wire, as lines that can be compared: fields (number, type, label, oneof), enum
// values, options, method paths.
#pragma once

#include <set>
#include <string>

namespace google::protobuf {
class FileDescriptor;
}

namespace ballast::driver {

// "csi.v1.NodePublishVolumeRequest.target_path = 4 string optional",
// "/csi.v1.Node/NodeGetInfo(csi.v1.NodeGetInfoRequest) ..."
std::set<std::string> DescribeWire(const google::protobuf::FileDescriptor& file);

}  // namespace ballast::driver
