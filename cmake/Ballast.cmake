# ballast_module(NAME SOURCES a.cc ... [DEPS ballast::base ...] [LIBS OpenSSL::Crypto ...])
# One static library per module, ballast::NAME. Headers are found as "module/file.h" (src/) and "csi/file.h" (root).
function(ballast_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  add_library(ballast_${name} STATIC ${arg_SOURCES})
  add_library(ballast::${name} ALIAS ballast_${name})
  target_include_directories(ballast_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
  target_link_libraries(ballast_${name} PUBLIC ${arg_DEPS} ${arg_LIBS})
  ballast_checks(ballast_${name})
endfunction()

# ballast_program(NAME SOURCES main.cc DEPS ballast::x ...): build/PRESET/bin/NAME
function(ballast_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_DEPS} ${arg_LIBS})
  ballast_checks(${name})
endfunction()

# ballast_test(NAME SOURCES a_test.cc ... DEPS ballast::x ...): one test program; ctest label = module folder.
function(ballast_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_DEPS} ${arg_LIBS} GTest::gmock GTest::gtest_main)
  ballast_checks(${name})
  get_filename_component(label ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 300)
  if(BALLAST_SANITIZER STREQUAL "thread")
    set_tests_properties(${name} PROPERTIES ENVIRONMENT "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/cmake/tsan.supp")
  endif()
endfunction()

# ballast_fuzzer(NAME SOURCES x_fuzz.cc DEPS ballast::x): libFuzzer target; ctest runs it for a few seconds (asan preset).
function(ballast_fuzzer name)
  if(NOT BALLAST_FUZZERS)
    return()
  endif()
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_DEPS} ${arg_LIBS})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  add_test(NAME ${name} COMMAND ${name} -max_total_time=5 -rss_limit_mb=1024 -print_final_stats=1)
  set_tests_properties(${name} PROPERTIES LABELS fuzz TIMEOUT 120)
endfunction()

# ballast_proto(NAME PROTO dir/x.proto): messages and gRPC stubs as ballast::NAME, included as "dir/x.grpc.pb.h".
function(ballast_proto name)
  cmake_parse_arguments(arg "" "PROTO;ROOT" "" ${ARGN})
  get_filename_component(stem ${arg_PROTO} NAME_WE)
  get_filename_component(dir ${arg_PROTO} DIRECTORY)
  set(out ${CMAKE_BINARY_DIR}/generated)
  file(MAKE_DIRECTORY ${out})
  set(files ${out}/${dir}/${stem}.pb.cc ${out}/${dir}/${stem}.grpc.pb.cc)
  add_custom_command(
    OUTPUT ${files} ${out}/${dir}/${stem}.pb.h ${out}/${dir}/${stem}.grpc.pb.h
    COMMAND protobuf::protoc --proto_path=${arg_ROOT} --cpp_out=${out} --grpc_out=${out}
            --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin> ${arg_ROOT}/${arg_PROTO}
    DEPENDS ${arg_ROOT}/${arg_PROTO} VERBATIM)
  add_library(ballast_${name} STATIC ${files})
  add_library(ballast::${name} ALIAS ballast_${name})
  target_include_directories(ballast_${name} SYSTEM PUBLIC ${out})
  target_compile_options(ballast_${name} PRIVATE -w)
  target_link_libraries(ballast_${name} PUBLIC gRPC::grpc++ protobuf::libprotobuf)
endfunction()

function(ballast_checks target)
  if(BALLAST_TIDY)
    set_target_properties(${target} PROPERTIES CXX_CLANG_TIDY "clang-tidy;--quiet")
  endif()
endfunction()
