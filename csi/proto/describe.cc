#include "csi/proto/describe.h"

#include <google/protobuf/descriptor.h>

#include "base/strings.h"

namespace ballast::driver {
namespace {

namespace pb = google::protobuf;
using Lines = std::set<std::string>;

std::string LabelOf(const pb::FieldDescriptor& field) {
  if (field.is_map()) return "map";
  return field.is_repeated() ? "repeated" : "optional";
}

std::string TypeOf(const pb::FieldDescriptor& field) {
  if (field.message_type() != nullptr) return field.message_type()->full_name();
  if (field.enum_type() != nullptr) return field.enum_type()->full_name();
  return field.type_name();
}

void DescribeField(const pb::FieldDescriptor& field, Lines& lines) {
  const pb::OneofDescriptor* oneof = field.real_containing_oneof();
  lines.insert(StrCat(field.full_name(), " = ", field.number(), " ", TypeOf(field), " ", LabelOf(field),
                      oneof == nullptr ? "" : StrCat(" in ", oneof->name())));
}

void DescribeEnum(const pb::EnumDescriptor& type, Lines& lines) {
  for (int i = 0; i < type.value_count(); ++i) {
    lines.insert(StrCat(type.full_name(), ".", type.value(i)->name(), " = ", type.value(i)->number()));
  }
}

void DescribeMessage(const pb::Descriptor& message, Lines& lines) {
  lines.insert(StrCat("message ", message.full_name()));
  for (int i = 0; i < message.field_count(); ++i) DescribeField(*message.field(i), lines);
  for (int i = 0; i < message.enum_type_count(); ++i) DescribeEnum(*message.enum_type(i), lines);
  for (int i = 0; i < message.nested_type_count(); ++i) DescribeMessage(*message.nested_type(i), lines);
}

void DescribeService(const pb::ServiceDescriptor& service, Lines& lines) {
  for (int i = 0; i < service.method_count(); ++i) {
    const pb::MethodDescriptor& method = *service.method(i);
    lines.insert(StrCat("/", service.full_name(), "/", method.name(), "(", method.client_streaming() ? "stream " : "",
                        method.input_type()->full_name(), ") returns (", method.server_streaming() ? "stream " : "",
                        method.output_type()->full_name(), ")"));
  }
}

}  // namespace

Lines DescribeWire(const pb::FileDescriptor& file) {
  Lines lines;
  for (int i = 0; i < file.extension_count(); ++i) DescribeField(*file.extension(i), lines);
  for (int i = 0; i < file.enum_type_count(); ++i) DescribeEnum(*file.enum_type(i), lines);
  for (int i = 0; i < file.message_type_count(); ++i) DescribeMessage(*file.message_type(i), lines);
  for (int i = 0; i < file.service_count(); ++i) DescribeService(*file.service(i), lines);
  return lines;
}

}  // namespace ballast::driver
